//! Several runs at once, locks of others, servers that go away.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mighost_tests::project::{Project, Server};
use mighost_tests::robust::{Fingerprint, Running, Session, wait_for};

/// Sessions that sleep in a statement of a migration's.
const SLEEPING: &str = "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(%'
    and query not like '%pg_stat_activity%' and pid <> pg_backend_pid() and datname = current_database()";

fn ledger(project: &Project) -> String {
    project.sql("select string_agg(revision || ' ' || direction, ',' order by id) from mighost_version_ledger")
}

#[test]
fn two_at_once() {
    let server = Server::shared();
    let project = Project::on(&server, "");
    project.sql_migration("a", &[], "create table a (a int); select pg_sleep(1.5);", "");
    project.sql_migration("b", &["a"], "create table b (a int);", "");
    let first = Running::start(&project, &["upgrade", "head"]);
    wait_for(&server, project.database(), SLEEPING, "1");
    let second = Running::start(&project, &["upgrade", "head"]).end();
    let first = first.end();
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    assert!(second.stderr.contains("waiting for another run"), "{}", second.stderr);
    assert!(
        second.stderr.contains("user postgres, application mighost"),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains("nothing to do"), "{}", second.stderr);
    assert!(
        !second.stderr.contains("no transaction in progress"),
        "{}",
        second.stderr
    );
    assert_eq!(ledger(&project), "a upgrade,b upgrade");
    // All begin at once, with nothing there yet.
    let project = Project::on(&server, "");
    project.sql_migration("a", &[], "create table a (a int);", "");
    project.sql_migration("b", &["a"], "create table b (a int);", "");
    let runs = [(); 4].map(|()| Running::start(&project, &["upgrade", "head"]));
    for run in runs {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    assert_eq!(ledger(&project), "a upgrade,b upgrade");
}

#[test]
fn a_held_lock() {
    let server = Server::shared();
    let project = Project::on(&server, "");
    project.sql_migration("a", &[], "select pg_sleep(50);", "");
    let first = Running::start(&project, &["upgrade", "head"]);
    wait_for(&server, project.database(), SLEEPING, "1");
    let second = project.run(&["upgrade", "head", "--lock-wait", "200ms"]);
    assert_eq!(second.code, 9, "{}", second.stderr);
    let pid = project.sql(
        "select pid from pg_locks where locktype = 'advisory' and granted
             and database = (select oid from pg_database where datname = current_database())",
    );
    for wanted in [
        &format!("process {pid}, user postgres"),
        "nothing was run",
        "--lock-wait",
    ] {
        assert!(second.stderr.contains(wanted), "{}", second.stderr);
    }
    first.signal("INT");
    assert_eq!(first.end().code, Some(130));
}

#[test]
fn a_session_that_is_ended() {
    let server = Server::shared();
    let project = Project::on(&server, "");
    project.sql_migration("a", &[], "create table a (a int);", "");
    project.sql_migration(
        "b",
        &["a"],
        "create table b (a int); select pg_sleep(case when exists (select from a) then 0 else 50 end);",
        "",
    );
    project.sql_migration_with(
        "c",
        &["b"],
        "transaction = \"none\"",
        "create table c (a int); select pg_sleep(case when (select count(*) from a) > 1 then 0 else 51 end);",
        "",
    );
    for (revision, kept) in [
        ("b", "b was rolled back; steps before it are kept"),
        ("c", "c left its transaction"),
    ] {
        let run = Running::start(&project, &["upgrade", "head"]);
        wait_for(&server, project.database(), SLEEPING, "1");
        project.sql(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
             and database = (select oid from pg_database where datname = current_database())",
        );
        let ended = run.end();
        assert_eq!(ended.code, Some(6), "{}", ended.stderr);
        for wanted in [
            "the connection to the server was lost",
            "administrator command",
            kept,
            &format!("upgrade of revision {revision}"),
        ] {
            assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
        }
        project.sql("insert into a values (1)");
    }
    assert_eq!(project.sql("select to_regclass('c') is not null"), "t");
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.heads(), "c");
    assert_eq!(project.sql("select count(*) from mighost_version_journal"), "0");
}

#[test]
fn a_server_that_is_stopped() {
    let server = Arc::new(Server::with_settings(&[]));
    let project = Project::on(&server, "");
    project.sql_migration("a", &[], "create table a (a int); select pg_sleep(50);", "");
    let run = Running::start(&project, &["upgrade", "head"]);
    wait_for(&server, project.database(), SLEEPING, "1");
    let data = std::path::PathBuf::from(project.sql("show data_directory"));
    let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let stopped = std::process::Command::new("kill")
        .args(["-INT", pid.lines().next().unwrap()])
        .status();
    assert!(stopped.unwrap().success());
    let ended = run.end();
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the connection to the server was lost"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("rolled back"), "{}", ended.stderr);
    let next = project.run(&["upgrade", "head"]);
    assert_eq!(next.code, 6, "{}", next.stderr);
}

#[test]
fn a_table_that_others_hold() {
    let server = Server::shared();
    let project = Project::on(&server, "lock-timeout = '100ms'\nstatement-timeout = '20s'\n");
    project.sql_migration("a", &[], "create table a (a int);", "drop table a;");
    project.sql_migration("b", &["a"], "create table b (a int); alter table a add b int;", "");
    project.run(&["upgrade", "a"]).ok();
    let locked =
        "select count(*) = 1 from pg_locks where relation = 'a'::regclass and mode = 'AccessExclusiveLock' and granted";
    let hold = || Session::holding(&server, project.database(), "lock table a", locked);
    let before = Fingerprint::of(&server, project.database());
    // For ever.
    let holder = hold();
    let ended = project.run(&["upgrade", "head"]);
    holder.end();
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("retrying in").count(), 5, "{}", ended.stderr);
    for wanted in [
        "55P03",
        "alter table a add b int",
        "b was rolled back",
        "fault: the database",
        "lock-timeout",
        "pg_blocking_pids",
    ] {
        assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
    }
    before.assert_same(&Fingerprint::of(&server, project.database()), "after a lock in vain");
    // For a while.
    let holder = hold();
    let mut run = Running::start(&project, &["upgrade", "head"]);
    assert!(run.saw("retrying in 400 ms"));
    holder.end();
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(project.heads(), "b");
}

#[test]
fn a_statement_that_takes_too_long() {
    let server = Server::shared();
    let project = Project::on(&server, "statement-timeout = '300ms'\n");
    project.sql_migration("a", &[], "create table a (a int); select pg_sleep(20);", "");
    let ended = project.run(&["upgrade", "head"]);
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    for wanted in [
        "statement timeout",
        "57014",
        "select pg_sleep(20)",
        "statement-timeout",
        "a was rolled back",
    ] {
        assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
    }
    assert_eq!(project.heads(), "base");
    // A run that is one transaction loses all its steps, and says so.
    project.sql_migration("a", &[], "create table a (a int);", "drop table a;");
    project.sql_migration("b", &["a"], "select pg_sleep(20);", "");
    let ended = project.run(&["upgrade", "head", "--transaction", "all"]);
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the whole run was rolled back, including a"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("done: a"), "{}", ended.stderr);
    assert_eq!(project.heads(), "base");
    assert_eq!(project.sql("select to_regclass('a') is null"), "t");
}

/// Passes one connection on to the server, until the client asks to commit the table `a`: then the server gets that or not, and the
/// client gets no answer.
fn cut_at_commit(server: &Path, folder: &Path, deliver: bool) {
    let (server, listener) = (
        server.to_owned(),
        UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap(),
    );
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut behind = UnixStream::connect(server.join(".s.PGSQL.5432")).unwrap();
        let (mut answers, mut back) = (behind.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
        let (mut buffer, mut seen) = ([0; 65536], Vec::new());
        loop {
            let read = client.read(&mut buffer).unwrap();
            if read == 0 {
                return;
            }
            seen.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&seen);
            let last = text
                .find("create table a")
                .is_some_and(|at| text[at..].contains("COMMIT"));
            if last {
                let _ = client.shutdown(std::net::Shutdown::Both);
            }
            if !last || deliver {
                behind.write_all(&buffer[..read]).unwrap();
            }
            if last {
                // The server carries out what it has got.
                std::thread::sleep(Duration::from_millis(500));
                let _ = behind.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    });
}

#[test]
fn a_commit_without_an_answer() {
    let server = Server::shared();
    for deliver in [true, false] {
        let project = Project::on(&server, "");
        project.sql_migration("a", &[], "create table a (a int);", "");
        let folder = tempfile::tempdir().unwrap();
        cut_at_commit(&server.sockets(), folder.path(), deliver);
        let direct = std::fs::read_to_string(project.path().join("mighost.toml")).unwrap();
        let sockets = server.sockets().display().to_string();
        project.config(&direct.replace(&sockets, &folder.path().display().to_string()));
        let ended = project.run(&["upgrade", "head"]);
        assert_eq!(ended.code, 6, "{}", ended.stderr);
        for wanted in [
            "the answer to COMMIT did not arrive",
            "it is unknown whether a was committed",
            "mighost current",
        ] {
            assert!(ended.stderr.contains(wanted), "{wanted}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("rolled back"), "{}", ended.stderr);
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(
            project.sql("select to_regclass('a') is not null"),
            if deliver { "t" } else { "f" }
        );
        project.config(&direct);
        assert_eq!(project.heads(), if deliver { "a" } else { "base" });
        project.run(&["upgrade", "head"]).ok();
        assert_eq!(ledger(&project), "a upgrade");
    }
}

#[test]
fn two_at_once_that_start_the_embedded_server() {
    let project = Project::new();
    project.config("[databases.dev]\nurl = 'embedded'\n");
    project.sql_migration("a", &[], "create table a (a int);", "");
    let runs = [(); 3].map(|()| Running::start(&project, &["upgrade", "head"]));
    let codes = runs.map(|run| {
        let ended = run.end();
        (ended.code, ended.stderr)
    });
    let current = project.run(&["current", "--check-heads"]);
    project.run(&["db", "destroy", "--yes"]).ok();
    assert!(codes.iter().all(|(code, _)| *code == Some(0)), "{codes:?}");
    assert_eq!(current.code, 0, "{}", current.stderr);
}
