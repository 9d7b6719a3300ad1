//! The output of `--help` and `--version`.

use super::*;

#[test]
fn main_help() {
    assert_snapshot!(shown("mighost -h"), @"
    Migrate PostgreSQL schemas with sandboxed WebAssembly components

    Usage: mighost [OPTIONS] <COMMAND>

    Write:
      init           Create a project: mighost.toml, migrations/, plugins/
      revision       Write the sources of a new revision
      merge          Write the sources of a revision that joins several heads
      edit           Open the sources of a revision in an editor
      list-templates List the templates for new revisions
      plugin         Write the sources of a new plugin, with a test and a README
      build          Build the artifacts of migrations and plugins that changed

    Test:
      test           Run the tests of plugins and migrations

    Run:
      upgrade        Run migrations up to a revision
      downgrade      Revert migrations down to a revision
      stamp          Set the version table without running anything
      ensure-version Create the version table and the ledger only

    Look:
      current        Show the current revisions of the database
      history        List the revisions, newest first
      heads          Show the revisions that no other builds on
      branches       Show the revisions that several others build on
      show           Show everything about a revision
      check          Check that sources, artifacts, ledger and database agree
      plugins        List the operations and kinds that plugins provide
      inspect        Show what a .wasm file contains, without running it

    Trust:
      release        Write the project's artifacts into one signed file
      sign           Sign an artifact or a release
      verify         Check whether the policy lets an artifact or a release run
      trust          Write and explain the policy: whose code may touch which database

    Database:
      psql           Open psql on the database
      db             Start, stop or remove the embedded PostgreSQL server

    Tools:
      doctor         Show which languages can be built, and what is missing
      completions    Write shell completions to stdout
      wit            Write the WIT that guests are built against

    Options:
      -c, --config <FILE>    The configuration file [default: the nearest mighost.toml] [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` selects the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, same as `-x db=LABEL`
      -C, --directory <DIR>  Run as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more details
          --raiseerr         Show the whole chain of causes of an error, for bug reports
          --color <WHEN>     When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
                             [possible values: auto, always, never]
      -h, --help             Print help (see more with '--help')
      -V, --version          Print version

    Examples:
      mighost init && mighost revision -m 'create stations'
      mighost upgrade head -x db=dev
      mighost downgrade -1 -x db=dev

    Run `mighost COMMAND --help` for details, `mighost --help` for exit codes.
    ");
}

#[test]
fn long_help() {
    let text = shown("mighost --help");
    let after = &text[text.find("Examples:").unwrap()..];
    assert_snapshot!(after, @"
    Examples:
      mighost init && mighost revision -m 'create stations'
      mighost upgrade head -x db=dev
      mighost downgrade -1 -x db=dev

    Environment:
      MIGHOST_CONFIG         the configuration file, same as -c
      MIGHOST_SCHEMA_NAME    the schema; overrides mighost.toml
      MIGHOST_SU_ROLE_NAME   the superuser role; overrides mighost.toml
      MIGHOST_SDK            the folder of mighost-sdk, for migrations and plugins in Rust
      MIGHOST_TRUST          the policy, same as --trust
      MIGHOST_KEY_PASSPHRASE the passphrase of the key that signs
      MIGHOST_TOOLCHAINS     the folder for compilers that mighost installs [default:
      .mighost/toolchains]

    Exit codes:
      0    done, or nothing to do
      1    an internal error of mighost or the machine
      2    invalid command line
      3    invalid configuration
      4    invalid history of revisions, or unknown target
      5    an artifact cannot be read or built
      6    the server cannot be reached, or refused the connection
      7    the server rejected a statement
      8    a migration or plugin failed: an error, a trap, a limit
      9    another run holds the lock
      10   a check or test failed
      11   a signature, a signer or the policy does not allow it
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
        ExitKind::Trust,
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
      [TARGET]...  The target: a revision id or prefix, head, heads, LABEL@head, +N [default: head]

    Options:
          --sql                   Write the statements to stdout as a script instead of running them
          --online-reads          With --sql: answer the migrations' queries from the database, without
                                  changing it
          --tag <TEXT>            A text for the migrations, as `-x tag=TEXT`, and for the script's
                                  header
          --dry-run               Run everything, then roll it back
          --transaction <MODE>    How many transactions to use [default: from mighost.toml] [possible
                                  values: per-migration, all, none]
          --no-build              Do not build; refuse to run what changed since it was built
          --allow-changed         Continue even if migrations are out of order or have changed since
                                  they were applied
          --lock-wait <DURATION>  How long to wait for another run on the database, e.g. 30s [default:
                                  from mighost.toml, or 60s]
          --release <FILE>        Run the artifacts of this release instead of the project's
          --unverified            Run the release without verifying its signatures
          --allow-rollback        Run a release that is older than one that the database has seen
          --allow-untrusted       Run even if the policy, or that of an earlier run, asks for a signed
                                  release
          --trust <FILE>          The policy [default: /etc/mighost/trust.toml] [env: MIGHOST_TRUST]
          --json                  Write one JSON document to stdout instead of text
      -h, --help                  Print help (see more with '--help')

    Options for all commands:
      -c, --config <FILE>    The configuration file [default: the nearest mighost.toml] [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` selects the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, same as `-x db=LABEL`
      -C, --directory <DIR>  Run as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more details
          --raiseerr         Show the whole chain of causes of an error, for bug reports
          --color <WHEN>     When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
                             [possible values: auto, always, never]

    Examples:
      mighost upgrade                           to the head of the default database
      mighost upgrade head -x db=test
      mighost upgrade +2 --dry-run              try the next two
      mighost upgrade 4f0c --transaction all    to a revision, all or nothing
      mighost upgrade a1b2:head --sql > up.sql  a script, without a database
      mighost upgrade --sql --online-reads      from the current revisions, with queries answered
      mighost upgrade -x db=prod --release climate-1.4.release    a signed release, without sources
    ");
}

#[test]
fn revision_help() {
    assert_snapshot!(shown("mighost revision -h"), @"
    Write the sources of a new revision

    Usage: mighost revision [OPTIONS]

    Options:
      -m, --message <TEXT>         What the revision does, in a few words
          --template <NAME>        The template: sql, a language (rust, c, go, python, ...) or a project
                                   template, see `mighost list-templates` [default: from mighost.toml,
                                   or sql]
          --rev-id <ID>            The id [default: from id-template in mighost.toml, or twelve random
                                   digits]
          --head <TARGET>          The revision to build on [default: head]
          --splice                 Allow building on a revision that is not a head, which makes a branch
          --branch-label <LABEL>   A name for the branch that starts here (repeatable)
          --depends-on <REVISION>  A revision outside the lineage that must run first (repeatable)
          --version-path <DIR>     The migrations folder to write to [default: the project's first]
          --json                   Write one JSON document to stdout instead of text
      -h, --help                   Print help

    Options for all commands:
      -c, --config <FILE>    The configuration file [default: the nearest mighost.toml] [env:
                             MIGHOST_CONFIG]
      -x <KEY[=VALUE]>       `db=LABEL` selects the database; any other is an argument for migrations
                             (repeatable)
      -n, --name <LABEL>     The database, same as `-x db=LABEL`
      -C, --directory <DIR>  Run as if started in this folder
      -q, --quiet            Show data, warnings and errors only
      -v, --verbose          Show more details
          --raiseerr         Show the whole chain of causes of an error, for bug reports
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
      -i, --indicate-current         Mark the current revisions, and show what was applied when
          --graph                    Draw branches and merges
          --ascii                    Draw with ASCII characters [default: if the locale is not UTF-8, or
                                     TERM is dumb]
          --format <FORMAT>          The output format [default: text] [possible values: text, mermaid,
                                     dot, svg, json]
          --json                     Write one JSON document to stdout instead of text
      -h, --help                     Print help (see more with '--help')
    ");
}
