//! The texts of errors.

use std::fmt::Debug;

use insta::assert_snapshot;

use super::super::{GraphError, NewRevision};
use super::{graph, rows, try_graph};

fn text<T: Debug>(result: Result<T, GraphError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn of_declarations() {
    assert_snapshot!(text(try_graph("a1; a1")), @"revision 'a1' is declared twice; give one of the two another id");
    assert_snapshot!(text(try_graph("a1 # core; b1 # core")), @"branch label 'core' is declared by revision 'a1' and by revision 'b1'; a label belongs to one revision");
    assert_snapshot!(text(try_graph("a1; b1 # a1")), @"branch label 'a1' of revision 'b1' is also the id of a revision; choose another label");
    assert_snapshot!(text(try_graph("he@d")), @"'he@d' cannot be the id of a revision: the character '@' is not allowed");
    assert_snapshot!(text(try_graph("head")), @"'head' cannot be the id of a revision: the word has a meaning of its own in targets");
    assert_snapshot!(text(try_graph("a1 # -1")), @"'-1' of revision 'a1' cannot be a branch label: it begins with '-', as a step down does");
    assert_snapshot!(text(try_graph("a1 < nope")), @"revision 'a1' stands on 'nope', which is not there; add the migration that is missing, or correct down-revisions in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 < \u{1b}[2J")), @r"revision 'a1' stands on '\u{1b}[2J', which is not there; add the migration that is missing, or correct down-revisions in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 & nope")), @"revision 'a1' depends on 'nope', which is neither a revision nor a branch label; add the migration that is missing, or correct depends-on in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 # core; b1 < core")), @"revision 'b1' stands on 'core', which is a branch label; name its revision, 'a1'");
    assert_snapshot!(text(try_graph("a1; b1 < a1 a1")), @"revision 'b1' names 'a1' twice among its down revisions; once is enough");
    assert_snapshot!(text(try_graph("a1 < a1")), @"revision 'a1' stands on itself or depends on itself");
    assert_snapshot!(text(try_graph("a1 < a3; a2 < a1; a3 < a2")), @"the down revisions form a cycle, so none of these can be first: 'a1' -> 'a3' -> 'a2' -> 'a1'");
    assert_snapshot!(text(try_graph("a1 & a2; a2 < a1")), @"the down revisions and dependencies form a cycle, so none of these can be first: 'a1' -> 'a2' -> 'a1'");
}

#[test]
fn of_targets() {
    let graph = graph("a1; users1 < a1 # users; users2 < users1; items1 < a1 # items; items2 < users1");
    let at = rows(&["users2", "items1"]);
    assert_snapshot!(text(graph.upgrade(&at, &["head"])), @"'head' must be one revision here, but there are 3 heads: 'users2', 'items1' and 'items2'. Join them with `mighost merge users2 items1 items2`, or say `heads` for all of them, or name one");
    assert_snapshot!(text(graph.upgrade(&at, &["users@head"])), @"'users@head' must be one revision here, but there are 2 heads: 'users2' and 'items2'. Join them with `mighost merge users2 items2`, or say `users@heads` for all of them, or name one");
    assert_snapshot!(text(graph.upgrade(&at, &["nope"])), @"there is no revision or branch label 'nope', nor one that begins so; `mighost history` lists them");
    assert_snapshot!(text(graph.upgrade(&at, &["current"])), @"there is no revision or branch label 'current', nor one that begins so; only `mighost show`, `edit` and `history -r` take it for where the database is; `mighost history` lists them");
    assert_snapshot!(text(graph.upgrade(&at, &["item"])), @"'item' is the beginning of several names: 'items', 'items1' and 'items2'; type more of it");
    assert_snapshot!(text(graph.upgrade(&at, &["nope@users2"])), @"there is no branch 'nope'; `mighost branches` and `mighost history` show the labels");
    assert_snapshot!(text(graph.upgrade(&at, &["items@users2"])), @"revision 'users2' does not belong to branch 'items'");
    assert_snapshot!(text(graph.upgrade(&at, &["+1"])), @"'+1' could start from any of 'users2' and 'items1'; say which branch, as in `users2@+1`, or name a revision");
    assert_snapshot!(text(graph.upgrade(&at, &["-1"])), @"'-1' does not lead up, which is where an upgrade goes; `mighost downgrade` goes down");
    assert_snapshot!(text(graph.upgrade(&at, &["+1+1"])), @"'+1+1' is not a target; say e.g. `head`, an id, `+1`, `-1`, `label@head` or `id+1`");
    assert_snapshot!(text(graph.upgrade(&at, &["users+1"])), @"the way up from revision 'users1' is not clear: it leads to 'users2' and 'items2'; name one of them, or a branch as in `label@+1`");
    assert_snapshot!(text(graph.upgrade(&at, &["items+3"])), @"'items+3' goes too far: there is nothing beyond revision 'items1'");
    assert_snapshot!(text(graph.upgrade(&at, &["users2", "users1"])), @"revision 'users2' needs revision 'users1', so naming both says too much; name 'users2' alone");
    assert_snapshot!(text(graph.upgrade(&at, &["a1:heads"])), @"the range 'a1:heads' needs --sql; without it the version table says where to start, so name the target alone");
    assert_snapshot!(text(graph.upgrade(&rows(&["lost"]), &["heads"])), @"the version table holds 'lost', which is not a revision of this project; bring its migration back, or say where the database really is with `mighost stamp --purge REVISION`");
    assert_snapshot!(text(graph.downgrade(&at, "-1")), @"'-1' could start from any of 'users2' and 'items1'; say which branch, as in `users2@-1`, or name a revision");
    assert_snapshot!(text(graph.downgrade(&at, "items2")), @"the database is not above 'items2', so there is nothing to downgrade to; it is at 'users2' and 'items1'");
    assert_snapshot!(text(graph.downgrade(&rows(&["a1"]), "users1")), @"the database is not above 'users1', so there is nothing to downgrade to; it is at 'a1'");
    assert_snapshot!(text(graph.history(&at, Some("items1:users2"))), @"'items1' is not an ancestor of 'users2', so there is nothing between them");
    assert_snapshot!(text(graph.history(&at, Some("a1"))), @"'a1' is not a range; write START:END, e.g. `base:head`");
    assert_snapshot!(text(graph.downgrade(&rows(&["a1", "a1"]), "base")), @"the version table should hold 'a1' once, but holds it 2 times; `mighost stamp --purge REVISION` sets it anew");
    let inner = NewRevision {
        revision: "new1",
        heads: &["a1"],
        ..NewRevision::default()
    };
    assert_snapshot!(text(graph.parents(&inner)), @"revision 'a1' is not a head: 'users1' and 'items1' stand on it; add --splice to begin a new branch there");
}

#[test]
fn of_many_names() {
    let nodes: Vec<String> = (0..12).map(|index| format!("node{index:02}")).collect();
    let graph = graph(&nodes.join(";"));
    assert_snapshot!(text(graph.upgrade(&[], &["head"])), @"'head' must be one revision here, but there are 12 heads: 'node00', 'node01', 'node02', 'node03', 'node04', 'node05', 'node06', 'node07' and 4 more. Join them with `mighost merge heads`, or say `heads` for all of them, or name one");
    assert_snapshot!(text(graph.get("node")), @"'node' is the beginning of several names: 'node00', 'node01', 'node02', 'node03', 'node04', 'node05', 'node06', 'node07' and 4 more; type more of it");
}
