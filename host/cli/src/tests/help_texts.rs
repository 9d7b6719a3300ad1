//! What `--help` and `--version` show.

use super::*;

#[test]
fn main_help() {
    assert_snapshot!(shown("mighost -h"), @"
    Migrate PostgreSQL schemas by sandboxed WebAssembly components

    Usage: mighost [OPTIONS] <COMMAND>

    Write:
      init           Start a project: mighost.toml, migrations/, plugins/
      revision       Write the sources of a new revision
      merge          Write the sources of a revision that joins several heads
      edit           Open the sources of a revision in an editor
      list-templates List the templates for new revisions
      plugin         Write the sources of a new plugin, with a test and a README
      build          Build the artifacts of migrations and plugins that changed

    Test:
      test           Run the tests beside plugins and migrations

    Run:
      upgrade        Run migrations up to a revision
      downgrade      Take migrations back, down to a revision
      stamp          Set the version table without running anything
      ensure-version Create the version table and the ledger, and nothing else

    Look:
      current        Show the revisions that the database is at
      history        List the revisions, newest first
      heads          Show the revisions that no other builds on
      branches       Show the revisions that several others build on
      show           Show all that is known of a revision
      check          Tell whether sources, artifacts, ledger and database agree
      plugins        List the operations and object kinds that plugins add
      inspect        Show what a .wasm file is, without running it

    Database:
      psql           Open psql on the database
      db             Start, stop or remove the embedded PostgreSQL server

    Tools:
      doctor         Tell what is there to build each language, and what is missing
      completions    Write the completions of a shell to stdout
      wit            Write the WIT that guests are built against

    Options:
      -c, --config <FILE>    The configuration, instead of the nearest mighost.toml [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` chooses the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, as `-x db=LABEL`
      -C, --directory <DIR>  Work as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more
          --raiseerr         With an error, show everything that led to it, for reports of defects
          --color <WHEN>     When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
                             [possible values: auto, always, never]
      -h, --help             Print help (see more with '--help')
      -V, --version          Print version

    Examples:
      mighost init && mighost revision -m 'create stations'
      mighost upgrade head -x db=dev
      mighost downgrade -1 -x db=dev

    mighost COMMAND --help tells more of a command, mighost --help the exit codes.
    ");
}

#[test]
fn long_help() {
    let text = shown("mighost --help");
    let after = &text[text.find("Examples:").unwrap()..];
    assert_snapshot!(after, @r"
    Examples:
      mighost init && mighost revision -m 'create stations'
      mighost upgrade head -x db=dev
      mighost downgrade -1 -x db=dev

    Environment:
      MIGHOST_CONFIG         the configuration file, as -c
      MIGHOST_SCHEMA_NAME    the schema, over mighost.toml's
      MIGHOST_SU_ROLE_NAME   the role for high privilege, over mighost.toml's
      MIGHOST_SDK            the folder of mighost-sdk, for migrations and plugins in Rust
      MIGHOST_TOOLCHAINS     the folder of compilers that mighost installs, over .mighost/toolchains

    Exit codes:
      0    done, or nothing to do
      1    a defect of mighost or of the machine
      2    the command line
      3    the configuration
      4    the history of revisions, or a target that is not in it
      5    an artifact that cannot be read or built
      6    the server cannot be reached, or refused the connection
      7    the server refused a statement
      8    a migration or plugin failed: an error, a trap, a limit
      9    another run holds the lock
      10   a check found something
      130  interrupted
    ");
    for kind in [
        ExitKind::Internal,
        ExitKind::Usage,
        ExitKind::Config,
        ExitKind::History,
        ExitKind::Artifact,
        ExitKind::Connection,
        ExitKind::Database,
        ExitKind::Guest,
        ExitKind::Lock,
        ExitKind::Check,
        ExitKind::Interrupted,
    ] {
        assert!(
            after.contains(&format!("\n  {:<4} ", kind.code())),
            "{kind:?} is documented"
        );
    }
}

#[test]
fn version() {
    assert_snapshot!(shown("mighost --version"), @r"
    mighost 0.1.0
    contract with guests: mighost:host@0.1.0 (`mighost wit` prints it)
    license: MIT OR Apache-2.0
    ");
    assert_snapshot!(shown("mighost -V"), @"mighost 0.1.0");
}

#[test]
fn upgrade_help() {
    assert_snapshot!(shown("mighost upgrade -h"), @"
    Run migrations up to a revision

    Usage: mighost upgrade [OPTIONS] [TARGET]...

    Arguments:
      [TARGET]...  Where to: an id or its start, head, heads, LABEL@head, +N [default: head]

    Options:
          --sql                   Write the statements to stdout as a script instead of running them
          --online-reads          With --sql: let the database answer what migrations ask; it is not
                                  changed
          --tag <TEXT>            A text for the migrations, as `-x tag=TEXT`, and for the head of the
                                  script
          --dry-run               Run everything, then roll it back
          --transaction <MODE>    How many transactions to use [default: mighost.toml's] [possible
                                  values: per-migration, all, none]
          --no-build              Build nothing, and refuse to run what changed since it was built
          --allow-changed         Go on although migrations have changed since they were applied
          --lock-wait <DURATION>  How long to wait for another run on the database, e.g. 30s [default:
                                  mighost.toml's, or 60s]
          --json                  Write one JSON document to stdout in place of text
      -h, --help                  Print help (see more with '--help')

    Options for all commands:
      -c, --config <FILE>    The configuration, instead of the nearest mighost.toml [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` chooses the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, as `-x db=LABEL`
      -C, --directory <DIR>  Work as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more
          --raiseerr         With an error, show everything that led to it, for reports of defects
          --color <WHEN>     When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
                             [possible values: auto, always, never]

    Examples:
      mighost upgrade                           to the head of the default database
      mighost upgrade head -x db=test
      mighost upgrade +2 --dry-run              try the next two
      mighost upgrade 4f0c --transaction all    to a revision, all or nothing
      mighost upgrade a1b2:head --sql > up.sql  a script, without a database
      mighost upgrade --sql --online-reads      from where the database is, with its answers
    ");
}

#[test]
fn revision_help() {
    assert_snapshot!(shown("mighost revision -h"), @"
    Write the sources of a new revision

    Usage: mighost revision [OPTIONS]

    Options:
      -m, --message <TEXT>         What the revision does, in a few words
          --template <NAME>        What it is made from: sql, a language (rust, c, go, python, ...) or a
                                   template of the project's, see `mighost list-templates` [default:
                                   mighost.toml's, or sql]
          --rev-id <ID>            The id [default: by mighost.toml's id-template, or twelve random
                                   digits]
          --head <TARGET>          The revision to build on [default: head]
          --splice                 Allow building on a revision that is not a head, which makes a branch
          --branch-label <LABEL>   A name for the branch that starts here (repeatable)
          --depends-on <REVISION>  A revision outside the lineage that must be run before (repeatable)
          --version-path <DIR>     The folder of migrations to write to [default: the project's first]
          --json                   Write one JSON document to stdout in place of text
      -h, --help                   Print help

    Options for all commands:
      -c, --config <FILE>    The configuration, instead of the nearest mighost.toml [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` chooses the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, as `-x db=LABEL`
      -C, --directory <DIR>  Work as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more
          --raiseerr         With an error, show everything that led to it, for reports of defects
          --color <WHEN>     When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
                             [possible values: auto, always, never]

    Examples:
      mighost revision -m 'create stations'
      mighost revision -m 'hide old stations' --template python
      mighost revision -m 'vendor tables' --head base --branch-label vendor --splice
    ");
}

#[test]
fn history_help() {
    let text = shown("mighost history -h");
    let (own, _) = text.split_once("Options for all").unwrap();
    assert_snapshot!(own, @"
    List the revisions, newest first

    Usage: mighost history [OPTIONS]

    Options:
      -r, --rev-range <[FROM]:[TO]>  From one revision to another; either side may be empty, `current`
                                     or relative
      -i, --indicate-current         Mark where the database is, and tell what was applied when
          --graph                    Draw branches and merges
          --ascii                    Draw with ASCII characters [default: where the locale is not UTF-8,
                                     or TERM is dumb]
          --format <FORMAT>          What to write [default: text] [possible values: text, mermaid, dot,
                                     svg, json]
          --json                     Write one JSON document to stdout in place of text
      -h, --help                     Print help (see more with '--help')
    ");
}
