//! The longer texts of `--help`, and the list of commands in groups.

use clap::{Command, CommandFactory as _};

use super::args::Cli;

/// The commands, in the order and the groups of the help.
pub(super) const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Write",
        &["init", "revision", "merge", "edit", "list-templates", "plugin", "build"],
    ),
    ("Test", &["test"]),
    ("Run", &["upgrade", "downgrade", "stamp", "ensure-version"]),
    (
        "Look",
        &[
            "current", "history", "heads", "branches", "show", "check", "plugins", "inspect",
        ],
    ),
    ("Trust", &["release", "sign", "verify", "trust"]),
    ("Database", &["psql", "db"]),
    ("Tools", &["doctor", "completions", "wit"]),
];

/// The whole command line, with grouped help.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let mut list = String::new();
    for (group, names) in GROUPS {
        list.push_str(&format!("{group}:\n"));
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            list.push_str(&format!(
                "  {name:<14} {}\n",
                about.map(ToString::to_string).unwrap_or_default()
            ));
        }
        list.push('\n');
    }
    // clap does not support groups of subcommands, so its own list is replaced.
    let template =
        format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}Options:\n{{options}}{{after-help}}");
    command.help_template(template)
}

/// The text of `--version` after the name.
pub(super) const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncontract with guests: mighost:host@0.1.0 (`mighost wit` prints it)\nlicense: ",
    env!("CARGO_PKG_LICENSE"),
);

macro_rules! main_examples {
    () => {
        "\
Examples:
  mighost init && mighost revision -m 'create stations'
  mighost upgrade head -x db=dev
  mighost downgrade -1 -x db=dev

"
    };
}

pub(super) const MAIN: &str = concat!(
    main_examples!(),
    "Run `mighost COMMAND --help` for details, `mighost --help` for exit codes."
);

pub(super) const MAIN_LONG: &str = concat!(
    main_examples!(),
    "\
Environment:
  MIGHOST_CONFIG         the configuration file, same as -c
  MIGHOST_SCHEMA_NAME    the schema; overrides mighost.toml
  MIGHOST_SU_ROLE_NAME   the superuser role; overrides mighost.toml
  MIGHOST_SDK            the folder of mighost-sdk, for migrations and plugins in Rust
  MIGHOST_TRUST          the policy, same as --trust
  MIGHOST_KEY_PASSPHRASE the passphrase of the key that signs
  MIGHOST_TOOLCHAINS     the folder for compilers that mighost installs [default: .mighost/toolchains]

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
  130  interrupted"
);

pub(super) const INIT: &str = "\
Examples:
  mighost init
  mighost init climate-db
  mighost init --from alembic.ini --dry-run    show what would be taken over from Alembic
  mighost init --from alembic.ini --python .venv/bin/python";

pub(super) const REVISION: &str = "\
Examples:
  mighost revision -m 'create stations'
  mighost revision -m 'hide old stations' --template python
  mighost revision -m 'vendor tables' --head base --branch-label vendor --splice";

pub(super) const MERGE: &str = "\
Examples:
  mighost merge heads
  mighost merge a1b2 c3d4 -m 'join stations and quality'";

pub(super) const EDIT: &str = "\
Set the environment variable VISUAL or EDITOR to the editor.

Examples:
  mighost edit head
  mighost edit 4f0c";

pub(super) const BUILD: &str = "\
upgrade and downgrade build changed sources automatically; use this for releases and to check that everything builds.

Examples:
  mighost build
  mighost build --force";

pub(super) const UPGRADE: &str = "\
Examples:
  mighost upgrade                           to the head of the default database
  mighost upgrade head -x db=test
  mighost upgrade +2 --dry-run              try the next two
  mighost upgrade 4f0c --transaction all    to a revision, all or nothing
  mighost upgrade a1b2:head --sql > up.sql  a script, without a database
  mighost upgrade --sql --online-reads      from the current revisions, with queries answered
  mighost upgrade -x db=prod --release climate-1.4.release    a signed release, without sources";

pub(super) const DOWNGRADE: &str = "\
Examples:
  mighost downgrade -1              the last revision
  mighost downgrade base -x db=dev  everything
  mighost downgrade 4f0c --dry-run
  mighost downgrade head:a1b2 --sql > down.sql";

pub(super) const STAMP: &str = "\
Examples:
  mighost stamp head                a database that was created in another way
  mighost stamp a1b2 c3d4           one revision for each branch
  mighost stamp --purge head        after the version table was damaged
  mighost stamp --accept a1b2       a harmless change of an applied revision";

pub(super) const CURRENT: &str = "\
Examples:
  mighost current -x db=test
  mighost current --check-heads --json";

pub(super) const HISTORY: &str = "\
Examples:
  mighost history
  mighost history -r current: -v    what an upgrade would run
  mighost history -r -3: -i         the last three, with the current revisions marked
  mighost history --graph -i        branches and merges, and what was applied when
  mighost history --format svg > history.svg";

pub(super) const HEADS: &str = "\
Examples:
  mighost heads -v
  mighost heads --resolve-dependencies   what `heads` means as a target";

pub(super) const SHOW: &str = "\
Examples:
  mighost show head
  mighost show current -i
  mighost show 4f0c --json";

pub(super) const CHECK: &str = "\
Exits with code 10 if something does not agree.

Examples:
  mighost check -x db=production
  mighost check --no-database       sources and artifacts only, e.g. for a pull request
  mighost check --json";

pub(super) const TEST: &str = "\
Tests are plugins/NAME/tests/*.toml and migrations/REVISION/tests/*.toml; docs/testing.md describes them. Exits with code 10 if one
fails.

Examples:
  mighost test
  mighost test roles -k quotes
  mighost test 4a7f --update               record the results as expected
  mighost test --format junit --output tests.xml
  mighost test --watch
  mighost test --history                  up, down and up again, for every revision";

pub(super) const ENSURE_VERSION: &str = "\
Examples:
  mighost ensure-version -x db=production
  mighost ensure-version --sql | psql -X -v ON_ERROR_STOP=1";

pub(super) const INSPECT: &str = "\
Examples:
  mighost inspect release/4f0c_stations.wasm
  mighost inspect plugins/roles.wasm --wit > roles.wit";

pub(super) const RELEASE: &str = "\
The same sources give the same file. A database refuses a release with a lower serial than one that it has seen.

Examples:
  mighost release -o climate-1.0.release --version 1.0 --serial 1 --key release-key
  mighost release -o climate-1.1.release --version 1.1 --previous climate-1.0.release --key release-key";

pub(super) const SIGN: &str = "\
Writes FILE.sig; signatures by other keys in it are kept. The passphrase of an encrypted key is asked for, or read from
MIGHOST_KEY_PASSPHRASE.

Examples:
  mighost sign release/4f0c_stations.wasm --key ~/.ssh/id_ed25519
  mighost sign release/4f0c_stations.wasm --key ~/.ssh/id_ed25519.pub    by the agent
  mighost sign release/4f0c_stations.wasm --key release-key --embed
  mighost sign climate-1.0.release --key second-key";

pub(super) const VERIFY: &str = "\
Exits with code 11 if a signature does not hold, or the policy does not allow the file. -x db=LABEL names the database; without it, a
rule for any database counts.

Examples:
  mighost verify release/4f0c_stations.wasm -x db=prod
  mighost verify climate-1.0.release --trust trust.toml --json";

pub(super) const TRUST: &str = "\
Examples:
  mighost trust init
  mighost trust show
  mighost trust check release/4f0c_stations.wasm";

pub(super) const PSQL: &str = "\
Examples:
  mighost psql -x db=dev
  mighost psql -x db=dev -- -c 'SELECT * FROM mighost_version'";

pub(super) const DB: &str = "\
Works on the database of a label with url = \"embedded\".

Examples:
  mighost db start -x db=dev
  mighost db status --json
  mighost db destroy --yes";

pub(super) const COMPLETIONS: &str = "\
Examples:
  mighost completions bash > ~/.local/share/bash-completion/completions/mighost
  mighost completions fish > ~/.config/fish/completions/mighost.fish";

pub(super) const DOCTOR: &str = "\
Changes nothing without --install, which installs into the project's toolchains folder, or into MIGHOST_TOOLCHAINS.

Examples:
  mighost doctor
  mighost doctor --install c zig";

pub(super) const PLUGIN: &str = "\
Examples:
  mighost plugin new stations                        an operation, in Rust
  mighost plugin new acme:stations --template go     in Go, its interface named acme:stations/stations
  mighost plugin new summary --template zig --kind";

pub(super) const WIT: &str = "\
In a project, also writes the interfaces of its built plugins.

Examples:
  mighost wit | less
  mighost wit -o wit/deps/mighost-host
  mighost wit --json";
