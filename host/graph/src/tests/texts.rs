//! Error messages.

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
    assert_snapshot!(text(try_graph("head")), @"'head' cannot be the id of a revision: the word is reserved for targets");
    assert_snapshot!(text(try_graph("a1 # -1")), @"'-1' of revision 'a1' cannot be a branch label: it begins with '-', as a step down does");
    assert_snapshot!(text(try_graph("a1 < nope")), @"revision 'a1' has the down revision 'nope', which does not exist; add the missing migration, or correct down-revisions in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 < \u{1b}[2J")), @r"revision 'a1' has the down revision '\u{1b}[2J', which does not exist; add the missing migration, or correct down-revisions in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 & nope")), @"revision 'a1' depends on 'nope', which is neither a revision nor a branch label; add the missing migration, or correct depends-on in the migration.toml of 'a1'");
    assert_snapshot!(text(try_graph("a1 # core; b1 < core")), @"revision 'b1' has the down revision 'core', which is a branch label; name its revision instead, 'a1'");
    assert_snapshot!(text(try_graph("a1; b1 < a1 a1")), @"revision 'b1' lists the down revision 'a1' twice; remove one");
    assert_snapshot!(text(try_graph("a1 < a1")), @"revision 'a1' is its own down revision or depends on itself");
    assert_snapshot!(text(try_graph("a1 < a3; a2 < a1; a3 < a2")), @"the down revisions form a cycle, so none of these can be first: 'a1' -> 'a3' -> 'a2' -> 'a1'");
    assert_snapshot!(text(try_graph("a1 & a2; a2 < a1")), @"the down revisions and dependencies form a cycle, so none of these can be first: 'a1' -> 'a2' -> 'a1'");
}

#[test]
fn of_targets() {
    let graph = graph("a1; users1 < a1 # users; users2 < users1; items1 < a1 # items; items2 < users1");
    let at = rows(&["users2", "items1"]);
    assert_snapshot!(text(graph.upgrade(&at, &["head"])), @"'head' must be one revision here, but there are 3 heads: 'users2', 'items1' and 'items2'. Join them with `mighost merge users2 items1 items2`, use `heads` for all of them, or name one");
    assert_snapshot!(text(graph.upgrade(&at, &["users@head"])), @"'users@head' must be one revision here, but there are 2 heads: 'users2' and 'items2'. Join them with `mighost merge users2 items2`, use `users@heads` for all of them, or name one");
    assert_snapshot!(text(graph.upgrade(&at, &["nope"])), @"no revision or branch label is or starts with 'nope'; `mighost history` lists them");
    assert_snapshot!(text(graph.upgrade(&at, &["current"])), @"no revision or branch label is or starts with 'current'; as a name for the applied revisions it works in `mighost show`, `edit` and `history -r` only; `mighost history` lists them");
    assert_snapshot!(text(graph.upgrade(&at, &["item"])), @"'item' is ambiguous: it matches 'items', 'items1' and 'items2'; type more characters");
    assert_snapshot!(text(graph.upgrade(&at, &["nope@users2"])), @"there is no branch 'nope'; `mighost branches` and `mighost history` list the labels");
    assert_snapshot!(text(graph.upgrade(&at, &["items@users2"])), @"revision 'users2' does not belong to branch 'items'");
    assert_snapshot!(text(graph.upgrade(&at, &["+1"])), @"'+1' is ambiguous: it could start from any of 'users2' and 'items1'; name the branch, as in `users2@+1`, or a revision");
    assert_snapshot!(text(graph.upgrade(&at, &["-1"])), @"'-1' does not lead up; use `mighost downgrade` to go down");
    assert_snapshot!(text(graph.upgrade(&at, &["+1+1"])), @"'+1+1' is not a target; use e.g. `head`, an id, `+1`, `-1`, `label@head` or `id+1`");
    assert_snapshot!(text(graph.upgrade(&at, &["users+1"])), @"the way up from revision 'users1' is ambiguous: it leads to 'users2' and 'items2'; name one of them, or a branch as in `label@+1`");
    assert_snapshot!(text(graph.upgrade(&at, &["items+3"])), @"'items+3' goes too far: there is nothing beyond revision 'items1'");
    assert_snapshot!(text(graph.upgrade(&at, &["users2", "users1"])), @"revision 'users2' already includes revision 'users1'; name 'users2' alone");
    assert_snapshot!(text(graph.upgrade(&at, &["a1:heads"])), @"the range 'a1:heads' needs --sql; otherwise the version table gives the start, so name the target alone");
    assert_snapshot!(text(graph.upgrade(&rows(&["lost"]), &["heads"])), @"the version table contains 'lost', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`");
    assert_snapshot!(text(graph.downgrade(&at, "-1")), @"'-1' is ambiguous: it could start from any of 'users2' and 'items1'; name the branch, as in `users2@-1`, or a revision");
    assert_snapshot!(text(graph.downgrade(&at, "items2")), @"the database is not above 'items2', so there is nothing to downgrade; it is at 'users2' and 'items1'");
    assert_snapshot!(text(graph.downgrade(&rows(&["a1"]), "users1")), @"the database is not above 'users1', so there is nothing to downgrade; it is at 'a1'");
    assert_snapshot!(text(graph.history(&at, Some("items1:users2"))), @"'items1' is not an ancestor of 'users2', so there is nothing between them");
    assert_snapshot!(text(graph.history(&at, Some("a1"))), @"'a1' is not a range; write START:END, e.g. `base:head`");
    assert_snapshot!(text(graph.downgrade(&rows(&["a1", "a1"]), "base")), @"the version table should contain 'a1' once, but contains it 2 times; reset it with `mighost stamp --purge REVISION`");
    let inner = NewRevision {
        revision: "new1",
        heads: &["a1"],
        ..NewRevision::default()
    };
    assert_snapshot!(text(graph.parents(&inner)), @"revision 'a1' is not a head: 'users1' and 'items1' build on it; add --splice to start a new branch there");
}

#[test]
fn of_many_names() {
    let nodes: Vec<String> = (0..12).map(|index| format!("node{index:02}")).collect();
    let graph = graph(&nodes.join(";"));
    assert_snapshot!(text(graph.upgrade(&[], &["head"])), @"'head' must be one revision here, but there are 12 heads: 'node00', 'node01', 'node02', 'node03', 'node04', 'node05', 'node06', 'node07' and 4 more. Join them with `mighost merge heads`, use `heads` for all of them, or name one");
    assert_snapshot!(text(graph.get("node")), @"'node' is ambiguous: it matches 'node00', 'node01', 'node02', 'node03', 'node04', 'node05', 'node06', 'node07' and 4 more; type more characters");
}
