//! The command line as users see it, and its meaning.

mod help_texts;

use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use mighost_commands::{
    Request, RunOptions, current, db, downgrade, history, init, inspect, psql, revision, stamp, upgrade, wit,
};
use mighost_core::TransactionMode;

fn parsed(line: &str) -> Result<Invocation, clap::Error> {
    let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    parse(&args, Environment::new(), PathBuf::from("/place"))
}

fn request(line: &str) -> Request {
    match parsed(line).unwrap().action {
        Action::Command(request) => request,
        Action::Completions(shell) => panic!("completions of {shell}"),
    }
}

/// clap's output, 100 columns wide for any terminal.
fn shown(line: &str) -> String {
    let command = help::command().term_width(100);
    let error = command.try_get_matches_from(line.split(' ')).unwrap_err();
    error
        .render()
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn the_definition_is_sound() {
    help::command().debug_assert();
}

#[test]
fn every_command_has_its_place_in_the_help() {
    let mut grouped: Vec<&str> = help::GROUPS
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    let command = help::command();
    let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    grouped.sort_unstable();
    names.sort_unstable();
    assert_eq!(grouped, names);
    for subcommand in command.get_subcommands() {
        let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(
            !about.is_empty() && about.len() <= 70 && !about.ends_with('.'),
            "{about}"
        );
    }
}

#[test]
fn every_example_parses() {
    for subcommand in help::command().get_subcommands() {
        let text = subcommand.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in text.lines().filter_map(|line| line.strip_prefix("  mighost ")) {
            let line = line.split("  ").next().unwrap_or_default();
            let line = line.split(['>', '|']).next().unwrap_or_default().trim();
            // A quoted text counts as one word here.
            let quoted = line.split('\'').enumerate();
            let line: String = quoted
                .map(|(n, part)| {
                    if n % 2 == 0 {
                        part.to_owned()
                    } else {
                        part.replace(' ', "_")
                    }
                })
                .collect();
            if let Err(error) = parsed(&format!("mighost {line}")) {
                panic!("{error}");
            }
        }
    }
}

#[test]
fn usage_errors() {
    assert_snapshot!(shown("mighost upgrad"), @r"
    error: unrecognized subcommand 'upgrad'

      tip: some similar subcommands exist: 'downgrade', 'upgrade'

    Usage: mighost [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(shown("mighost downgrade"), @r"
    error: the following required arguments were not provided:
      <TARGET>...

    Usage: mighost downgrade <TARGET>...

    For more information, try '--help'.
    ");
    assert_snapshot!(shown("mighost edit"), @"
    error: the following required arguments were not provided:
      <REVISION>

    Usage: mighost edit <REVISION>

    For more information, try '--help'.
    ");
    assert_snapshot!(shown("mighost upgrade --transaction one"), @r"
    error: invalid value 'one' for '--transaction <MODE>'
      [possible values: per-migration, all, none]

      tip: a similar value exists: 'none'

    For more information, try '--help'.
    ");
    assert_snapshot!(shown("mighost upgrade --lock-wait 5"), @r#"
    error: invalid value '5' for '--lock-wait <DURATION>': "5" has no unit; write a whole number and a unit: 500ms, 5s, 2min or 1h

    For more information, try '--help'.
    "#);
    assert_snapshot!(shown("mighost upgrade --sql --dry-run"), @r"
    error: the argument '--sql' cannot be used with '--dry-run'

    Usage: mighost upgrade --sql [TARGET]...

    For more information, try '--help'.
    ");
    assert_snapshot!(shown("mighost stamp --purgee head"), @r"
    error: unexpected argument '--purgee' found

      tip: a similar argument exists: '--purge'

    Usage: mighost stamp --purge <TARGET>...

    For more information, try '--help'.
    ");
}

#[test]
fn relative_targets() {
    let down = |line: &str| match request(line) {
        Request::Downgrade(downgrade::DowngradeRequest { targets, options }) => (targets, options.sql),
        other => panic!("{other:?}"),
    };
    let minus_one = || vec!["-1".to_owned()];
    assert_eq!(down("mighost downgrade -1"), (minus_one(), false));
    assert_eq!(down("mighost downgrade -1 --sql"), (minus_one(), true));
    assert_eq!(down("mighost downgrade --sql -1"), (minus_one(), true));
    assert_eq!(down("mighost downgrade -- -1"), (minus_one(), false));
    assert_eq!(down("mighost downgrade net@-2"), (vec!["net@-2".to_owned()], false));
    assert_eq!(down("mighost downgrade -12 -x a=b"), (vec!["-12".to_owned()], false));

    let up = |line: &str| match request(line) {
        Request::Upgrade(upgrade::UpgradeRequest { targets, .. }) => targets,
        other => panic!("{other:?}"),
    };
    assert_eq!(up("mighost upgrade +2"), ["+2"]);
    assert_eq!(up("mighost upgrade"), ["head"]);
    assert_eq!(up("mighost upgrade a1 b2"), ["a1", "b2"]);

    let range = |line: &str| match request(line) {
        Request::History(history::HistoryRequest {
            range,
            indicate_current,
            verbose,
            style: history::HistoryStyle::List,
        }) => (range, indicate_current, verbose),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        range("mighost history -r -3: -i -v"),
        (Some("-3:".to_owned()), true, true)
    );
    assert_eq!(
        range("mighost history --rev-range=:+1"),
        (Some(":+1".to_owned()), false, false)
    );
}

#[test]
fn run_options() {
    let line = "mighost downgrade base --dry-run --transaction all --no-build --lock-wait 500ms --json";
    let invocation = parsed(line).unwrap();
    assert!(invocation.output.json);
    let expected = RunOptions {
        sql: false,
        online_reads: false,
        tag: None,
        dry_run: true,
        transaction: Some(TransactionMode::All),
        no_build: true,
        allow_changed: false,
        lock_wait: Some(Duration::from_millis(500)),
        ..RunOptions::default()
    };
    let Action::Command(Request::Downgrade(request)) = invocation.action else {
        panic!()
    };
    assert_eq!((request.targets, request.options), (vec!["base".to_owned()], expected));
}

#[test]
fn common_options_count_on_both_sides() {
    let invocation = parsed("mighost -x a=1 -c one.toml -C sub upgrade -x db=dev -C ./deep -c two.toml -v").unwrap();
    assert_eq!(invocation.project.extra, ["a=1", "db=dev"]);
    assert_eq!(invocation.project.config, Some("two.toml".into()));
    assert_eq!(invocation.project.directory, PathBuf::from("/place/sub/deep"));
    assert!(invocation.output.verbose);
    let invocation = parsed("mighost -x a=1 db -q -x b start -x db=dev --color never --json").unwrap();
    assert_eq!(invocation.project.extra, ["a=1", "b", "db=dev"]);
    assert!(invocation.output.quiet && invocation.output.json);
    assert_eq!(invocation.output.color, ColorChoice::Never);
    assert_eq!(invocation.action, Action::Command(Request::Db(db::DbRequest::Start)));
}

#[test]
fn requests() {
    let expected = revision::RevisionRequest {
        message: "stations".to_owned(),
        template: Some("rust".to_owned()),
        rev_id: Some("a1".to_owned()),
        heads: vec!["net@head".to_owned()],
        splice: true,
        branch_labels: vec!["x".to_owned(), "y".to_owned()],
        depends_on: vec!["c".to_owned()],
        version_path: Some("/place/more".into()),
        ..revision::RevisionRequest::default()
    };
    assert_eq!(
        request("mighost revision"),
        Request::Revision(revision::RevisionRequest::default())
    );
    assert_eq!(request("mighost list_templates"), Request::ListTemplates);
    let line = "mighost revision -m stations --template rust --rev-id a1 --head net@head --splice --branch-label x \
                --branch-label y --depends-on c --version-path more";
    assert_eq!(request(line), Request::Revision(expected));
    let expected = stamp::StampRequest {
        targets: vec!["a".to_owned(), "b".to_owned()],
        purge: true,
        sql: false,
        tag: None,
        lock_wait: None,
    };
    assert_eq!(request("mighost stamp --purge a b"), Request::Stamp(expected));
    let init = |directory: &str| {
        Request::Init(init::InitRequest {
            directory: directory.into(),
        })
    };
    assert_eq!(request("mighost init"), init("/place"));
    assert_eq!(request("mighost -C sub init ./new"), init("/place/sub/new"));
    let expected = psql::PsqlRequest {
        args: vec!["-c".into(), "SELECT".into()],
    };
    assert_eq!(request("mighost psql -x db=dev -- -c SELECT"), Request::Psql(expected));
    let expected = inspect::InspectRequest {
        file: "/place/x.wasm".into(),
        wit: true,
    };
    assert_eq!(request("mighost inspect x.wasm --wit"), Request::Inspect(expected));
    let expected = current::CurrentRequest {
        check_heads: true,
        verbose: false,
    };
    assert_eq!(request("mighost current --check-heads"), Request::Current(expected));
    assert_eq!(
        request("mighost db destroy --yes"),
        Request::Db(db::DbRequest::Destroy { yes: true })
    );
    assert_eq!(
        request("mighost wit -o out"),
        Request::Wit(wit::WitRequest {
            output: Some("/place/out".into())
        })
    );
}

#[test]
fn codes_of_a_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        run(&args, Environment::new(), folder.path().to_owned())
    };
    assert_eq!(run("mighost init -q"), ExitCode::SUCCESS);
    assert_eq!(run("mighost init -q"), ExitCode::from(3));
    assert_eq!(run("mighost nonsense"), ExitCode::from(2));
    assert_eq!(run("mighost -C nowhere wit"), ExitCode::from(2));
    assert_eq!(run("mighost wit -q -o wit"), ExitCode::SUCCESS);
    assert!(folder.path().join("wit/world.wit").is_file());
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let Action::Completions(shell) = parsed(&format!("mighost completions {shell}")).unwrap().action else {
            panic!()
        };
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut help::command(), "mighost", &mut text);
        assert!(String::from_utf8(text).unwrap().contains("downgrade"));
    }
}

#[test]
fn a_runtime_runs() {
    assert_eq!(block_on(async { tokio::spawn(async { 2 }).await.unwrap() }), Ok(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_line_is_read_or_refused(words in proptest::collection::vec(
        "upgrade|downgrade|history|db|start|psql|-x|-r|-C|-1|--|--json|--color|-[a-z]{1,3}|--[a-z]{0,8}=?|\\PC{0,6}", 0..6)
    ) {
        let args: Vec<OsString> = ["mighost"].into_iter().map(str::to_owned).chain(words).map(OsString::from).collect();
        if let Err(error) = parse(&args, Environment::new(), PathBuf::from("/place")) {
            prop_assert!(!error.render().to_string().is_empty());
        }
    }
}
