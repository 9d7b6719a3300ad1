//! Events as lines.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn run() -> Vec<Event> {
    let revision = || "a1b2c3d4e5f6".to_owned();
    let seconds = Duration::from_secs;
    vec![
        Event::Note {
            level: Level::Info,
            text: "PostgreSQL 15.18 found".to_owned(),
        },
        Event::Building {
            name: "roles".to_owned(),
            driver: "rust",
            number: 1,
            of: 2,
        },
        Event::Compiling {
            name: "roles".to_owned(),
            size: 600 << 10,
        },
        Event::Compiled {
            name: "roles".to_owned(),
            size: 600 << 10,
            elapsed: Duration::from_millis(80),
            memory: Some(90 << 20),
        },
        Event::Compiling {
            name: "variables".to_owned(),
            size: 18 << 20,
        },
        Event::Compiled {
            name: "variables".to_owned(),
            size: 18 << 20,
            elapsed: Duration::from_millis(7300),
            memory: None,
        },
        Event::Waiting {
            holder: "anna, process 4711".to_owned(),
            waited: seconds(1),
        },
        Event::Waiting {
            holder: "anna, process 4711".to_owned(),
            waited: seconds(2),
        },
        Event::StepStarted {
            direction: Direction::Upgrade,
            revision: revision(),
            message: "create \x1b[31mstations".to_owned(),
            number: 3,
            of: 14,
        },
        Event::Operation {
            name: "mighost:roles/roles@0.1.0#set-role".into(),
        },
        Event::GuestMessage {
            revision: revision(),
            level: Level::Debug,
            text: "debugging".to_owned(),
        },
        Event::GuestMessage {
            revision: revision(),
            level: Level::Info,
            text: "one\ntwo\x07".to_owned(),
        },
        Event::GuestMessage {
            revision: revision(),
            level: Level::Warn,
            text: "slow".to_owned(),
        },
        Event::GuestProgress {
            revision: revision(),
            done: 40,
            total: Some(100),
        },
        Event::ServerNotice {
            severity: "NOTICE".to_owned(),
            message: "relation exists, skipping".to_owned(),
        },
        Event::ServerNotice {
            severity: "WARNING".to_owned(),
            message: "no privileges".to_owned(),
        },
        Event::StepFinished {
            direction: Direction::Upgrade,
            revision: revision(),
            elapsed: Duration::from_millis(1250),
            statements: 7,
        },
    ]
}

fn lines(quiet: bool, verbose: bool, live: bool) -> String {
    let mut progress = Progress::new(quiet, verbose);
    let now = Instant::now();
    let lines = run()
        .into_iter()
        .flat_map(|event| progress.receive(event, now, Styles::plain(), live));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn plain_lines() {
    assert_snapshot!(lines(false, false, false), @r"
    PostgreSQL 15.18 found
    building 1/2 roles (rust)
    compiled variables in 7.30 s; later runs reuse it
    waiting for another run, 1.00 s so far: anna, process 4711
    a1b2c3d4e5f6: one
        two\u{7}
    warning: a1b2c3d4e5f6: slow
    PostgreSQL: relation exists, skipping
    warning: PostgreSQL: no privileges
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations (1.25 s)
    ");
}

#[test]
fn verbose_lines() {
    assert_snapshot!(lines(false, true, false), @r"
    PostgreSQL 15.18 found
    building 1/2 roles (rust)
    compiling roles
    compiled roles in 80 ms, with 90 MiB of memory; later runs reuse it
    compiling variables (18 MiB)
    compiled variables in 7.30 s; later runs reuse it
    waiting for another run, 1.00 s so far: anna, process 4711
    waiting for another run, 2.00 s so far: anna, process 4711
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations ...
        mighost:roles/roles@0.1.0#set-role
    a1b2c3d4e5f6: debugging
    a1b2c3d4e5f6: one
        two\u{7}
    warning: a1b2c3d4e5f6: slow
    PostgreSQL: relation exists, skipping
    warning: PostgreSQL: no privileges
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations (1.25 s, 7 statements)
    ");
}

#[test]
fn quiet_lines() {
    assert_snapshot!(lines(true, false, false), @r"
    warning: a1b2c3d4e5f6: slow
    warning: PostgreSQL: no privileges
    ");
}

#[test]
fn lines_beside_a_live_one() {
    assert_snapshot!(lines(false, false, true), @r"
    PostgreSQL 15.18 found
    compiled variables in 7.30 s; later runs reuse it
    a1b2c3d4e5f6: one
        two\u{7}
    warning: a1b2c3d4e5f6: slow
    PostgreSQL: relation exists, skipping
    warning: PostgreSQL: no privileges
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations (1.25 s)
    ");
}

#[test]
fn live_lines() {
    let mut progress = Progress::new(false, false);
    let now = Instant::now();
    let later = now + Duration::from_millis(2310);
    let mut shown: Vec<String> = Vec::new();
    for event in run() {
        progress.receive(event, now, Styles::plain(), true);
        let line = progress.live_line(later, 80, Styles::plain()).unwrap_or("-".to_owned());
        if shown.last() != Some(&line) {
            shown.push(line);
        }
    }
    assert_snapshot!(shown.join("\n"), @r"
    -
    building 1/2 roles (rust)
    compiling roles
    -
    compiling variables (18 MiB)
    -
    waiting for another run, 1.00 s so far: anna, process 4711
    waiting for another run, 2.00 s so far: anna, process 4711
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations (2.31 s)
    [ 3/14] upgrade a1b2c3d4e5f6 create \u{1b}[31mstations: roles.set-role (2.31 s)
    [ 3/14] upgrade a1b2c3d4e5f6 create : roles.set-role, 40 of 100 (40 %) (2.31 s)
    -
    ");
    assert_eq!(Progress::new(true, false).live_line(now, 80, Styles::plain()), None);
}

#[test]
fn long_waits_are_told_again() {
    let mut progress = Progress::new(false, false);
    let start = Instant::now();
    let told = (0..35)
        .filter(|&second| {
            let waited = Duration::from_secs(second);
            let event = Event::Waiting {
                holder: "x".to_owned(),
                waited,
            };
            !progress
                .receive(event, start + waited, Styles::plain(), false)
                .is_empty()
        })
        .collect::<Vec<_>>();
    assert_eq!(told, [0, 10, 20, 30]);
}

proptest! {
    #[test]
    fn guests_cannot_break_lines(text: String, done: u64, total: Option<u64>, width in 1_usize..200) {
        let mut progress = Progress::new(false, true);
        let now = Instant::now();
        let events = [
            Event::StepStarted {
                direction: Direction::Downgrade, revision: text.clone(), message: text.clone(), number: 1, of: 1,
            },
            Event::Operation { name: text.clone().into() },
            Event::GuestProgress { revision: text.clone(), done, total },
            Event::GuestMessage { revision: text.clone(), level: Level::Warn, text },
        ];
        for event in events {
            for line in progress.receive(event, now, Styles::plain(), true) {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
            let line = progress.live_line(now, width, Styles::plain()).unwrap_or_default();
            prop_assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) <= width);
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
