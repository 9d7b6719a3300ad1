//! The clap structs. Their doc comments are help texts for users; `help.rs` contains the longer ones.

mod db;
mod doctor;
mod plugin;
mod trust;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use db::{Db, DbAction};
pub use doctor::Doctor;
pub use plugin::{Plugin, PluginAction};
pub use trust::{Release, RunTrust, Sign, Trust, TrustAction, TrustOption, Verify};

use super::help;
use super::test::Test;
use mighost_config::parse_duration;

/// Migrate PostgreSQL schemas with sandboxed WebAssembly components
#[derive(Debug, Parser)]
#[command(
    name = "mighost",
    version,
    long_version = help::VERSION,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = help::MAIN,
    after_long_help = help::MAIN_LONG
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every command, before its name or after it. Not clap's own global arguments: those drop an `-x` before the
/// command when there is one after it.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options for all commands")]
pub struct Common {
    /// The configuration file [default: the nearest mighost.toml] [env: MIGHOST_CONFIG]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// `db=LABEL` selects the database; any other is an argument for migrations (repeatable)
    #[arg(short = 'x', value_name = "KEY[=VALUE]", action = ArgAction::Append)]
    pub extra: Vec<String>,
    /// The database, same as `-x db=LABEL`
    #[arg(short = 'n', long = "name", value_name = "LABEL")]
    pub name: Option<String>,
    /// Run as if started in this folder
    #[arg(short = 'C', long, value_name = "DIR", value_hint = ValueHint::DirPath, action = ArgAction::Append)]
    pub directory: Vec<PathBuf>,
    /// Show data, warnings and errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show more details
    #[arg(short, long)]
    pub verbose: bool,
    /// Show the whole chain of causes of an error, for bug reports
    #[arg(long)]
    pub raiseerr: bool,
    /// When to use colours [default: auto] [env: NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, value_name = "WHEN")]
    pub color: Option<ColorArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorArg {
    Auto,
    Always,
    Never,
}

/// A command's own arguments and those of all commands.
#[derive(Debug, Args)]
pub struct With<A: Args> {
    #[command(flatten)]
    pub args: A,
    #[command(flatten)]
    pub common: Common,
}

/// An option of the commands that report.
#[derive(Debug, Args)]
pub struct Report {
    /// Write one JSON document to stdout instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Create a project: mighost.toml, migrations/, plugins/
    #[command(after_help = help::INIT)]
    Init(With<Init>),
    /// Write the sources of a new revision
    #[command(after_help = help::REVISION)]
    Revision(With<Revision>),
    /// Write the sources of a revision that joins several heads
    #[command(after_help = help::MERGE)]
    Merge(With<Merge>),
    /// Open the sources of a revision in an editor
    #[command(after_help = help::EDIT)]
    Edit(With<Edit>),
    /// List the templates for new revisions
    #[command(alias = "list_templates")]
    ListTemplates(With<Report>),
    /// Build the artifacts of migrations and plugins that changed
    #[command(after_help = help::BUILD)]
    Build(With<Build>),
    /// Run migrations up to a revision
    #[command(after_help = help::UPGRADE)]
    Upgrade(With<Upgrade>),
    /// Revert migrations down to a revision
    #[command(after_help = help::DOWNGRADE)]
    Downgrade(With<Downgrade>),
    /// Set the version table without running anything
    #[command(after_help = help::STAMP)]
    Stamp(With<Stamp>),
    /// Show the current revisions of the database
    #[command(after_help = help::CURRENT)]
    Current(With<Current>),
    /// List the revisions, newest first
    #[command(after_help = help::HISTORY)]
    History(With<History>),
    /// Show the revisions that no other builds on
    #[command(after_help = help::HEADS)]
    Heads(With<Heads>),
    /// Show the revisions that several others build on
    Branches(With<Report>),
    /// Show everything about a revision
    #[command(after_help = help::SHOW)]
    Show(With<Show>),
    /// Check that sources, artifacts, ledger and database agree
    #[command(after_help = help::CHECK)]
    Check(With<Check>),
    /// Create the version table and the ledger only
    #[command(after_help = help::ENSURE_VERSION, alias = "ensure_version")]
    EnsureVersion(With<EnsureVersion>),
    /// Run the tests of plugins and migrations
    #[command(after_help = help::TEST)]
    Test(With<Test>),
    /// Write the sources of a new plugin, with a test and a README
    #[command(after_help = help::PLUGIN, arg_required_else_help = true)]
    Plugin(With<Plugin>),
    /// List the operations and kinds that plugins provide
    Plugins(With<Report>),
    /// Show what a .wasm file contains, without running it
    #[command(after_help = help::INSPECT)]
    Inspect(With<Inspect>),
    /// Open psql on the database
    #[command(after_help = help::PSQL)]
    Psql(With<Psql>),
    /// Start, stop or remove the embedded PostgreSQL server
    #[command(after_help = help::DB, arg_required_else_help = true)]
    Db(With<Db>),
    /// Write the project's artifacts into one signed file
    #[command(after_help = help::RELEASE)]
    Release(With<Release>),
    /// Sign an artifact or a release
    #[command(after_help = help::SIGN)]
    Sign(With<Sign>),
    /// Check whether the policy lets an artifact or a release run
    #[command(after_help = help::VERIFY)]
    Verify(With<Verify>),
    /// Write and explain the policy: whose code may touch which database
    #[command(after_help = help::TRUST, arg_required_else_help = true)]
    Trust(With<Trust>),
    /// Write shell completions to stdout
    #[command(after_help = help::COMPLETIONS)]
    Completions(With<Completions>),
    /// Show which languages can be built, and what is missing
    #[command(after_help = help::DOCTOR)]
    Doctor(With<Doctor>),
    /// Write the WIT that guests are built against
    #[command(after_help = help::WIT)]
    Wit(With<Wit>),
}

#[derive(Debug, Args)]
pub struct Init {
    /// The project's folder, created if missing
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub project: PathBuf,
    /// Take over an Alembic project: its databases, revisions and their code
    #[arg(long, value_name = "ALEMBIC.INI", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,
    /// The section with Alembic's settings, like Alembic's -n [default: alembic]
    #[arg(long, value_name = "NAME", requires = "from")]
    pub section: Option<String>,
    /// The Python that runs the project [default: the virtual environment's, or python3]
    #[arg(long, value_name = "PATH", requires = "from", value_hint = ValueHint::FilePath)]
    pub python: Option<PathBuf>,
    /// Do not run Python: only read the project's files, and leave out the code
    #[arg(long, requires = "from", conflicts_with = "python")]
    pub no_python: bool,
    /// Show what would be taken over, and write nothing
    #[arg(long, requires = "from")]
    pub dry_run: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Revision {
    /// What the revision does, in a few words
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub message: String,
    /// The template: sql, a language (rust, c, go, python, ...) or a project template, see `mighost list-templates`
    /// [default: from mighost.toml, or sql]
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The id [default: from id-template in mighost.toml, or twelve random digits]
    #[arg(long, value_name = "ID")]
    pub rev_id: Option<String>,
    /// The revision to build on [default: head]
    #[arg(long, value_name = "TARGET")]
    pub head: Option<String>,
    /// Allow building on a revision that is not a head, which makes a branch
    #[arg(long)]
    pub splice: bool,
    /// A name for the branch that starts here (repeatable)
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub branch_labels: Vec<String>,
    /// A revision outside the lineage that must run first (repeatable)
    #[arg(long, value_name = "REVISION")]
    pub depends_on: Vec<String>,
    /// The migrations folder to write to [default: the project's first]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub version_path: Option<PathBuf>,
    /// Alembic's option; the error says what to do instead
    #[arg(long, hide = true)]
    pub autogenerate: bool,
    /// Alembic's option; the error says what to do instead
    #[arg(long, hide = true)]
    pub sql: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Edit {
    /// A revision id or prefix, head, heads, current
    #[arg(value_name = "REVISION")]
    pub revision: String,
}

#[derive(Debug, Args)]
pub struct Merge {
    /// The revisions to join, or `heads` for all heads
    #[arg(value_name = "REVISION", required = true)]
    pub revisions: Vec<String>,
    /// What the revision does, in a few words [default: what it joins]
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// The id [default: from id-template in mighost.toml, or twelve random digits]
    #[arg(long, value_name = "ID")]
    pub rev_id: Option<String>,
    /// Allow joining revisions that are not heads
    #[arg(long)]
    pub splice: bool,
    /// A name for the branch that starts here (repeatable)
    #[arg(long = "branch-label", value_name = "LABEL")]
    pub branch_labels: Vec<String>,
    /// The migrations folder to write to [default: the project's first]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub version_path: Option<PathBuf>,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Build {
    /// Build everything, not only what changed
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Write the statements to stdout as a script instead of running them
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    pub sql: bool,
    /// With --sql: answer the migrations' queries from the database, without changing it
    #[arg(long, requires = "sql")]
    pub online_reads: bool,
    /// A text for the migrations, as `-x tag=TEXT`, and for the script's header
    #[arg(long, value_name = "TEXT")]
    pub tag: Option<String>,
    /// Run everything, then roll it back
    #[arg(long)]
    pub dry_run: bool,
    /// How many transactions to use [default: from mighost.toml]
    #[arg(long, value_name = "MODE", value_enum)]
    pub transaction: Option<TransactionArg>,
    /// Do not build; refuse to run what changed since it was built
    #[arg(long)]
    pub no_build: bool,
    /// Continue even if migrations are out of order or have changed since they were applied
    #[arg(long)]
    pub allow_changed: bool,
    /// How long to wait for another run on the database, e.g. 30s [default: from mighost.toml, or 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub lock_wait: Option<Duration>,
    #[command(flatten)]
    pub trust: RunTrust,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TransactionArg {
    /// One for each migration
    PerMigration,
    /// One for the whole run
    All,
    /// None: each statement commits by itself
    None,
}

#[derive(Debug, Args)]
pub struct Upgrade {
    /// The target: a revision id or prefix, head, heads, LABEL@head, +N
    #[arg(value_name = "TARGET", default_value = "head", allow_negative_numbers = true)]
    pub targets: Vec<String>,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
pub struct Downgrade {
    /// The target: a revision id or prefix, base, LABEL@base, -N
    #[arg(value_name = "TARGET", required = true, allow_negative_numbers = true)]
    pub targets: Vec<String>,
    #[command(flatten)]
    pub run: Run,
}

#[derive(Debug, Args)]
pub struct Stamp {
    /// The revisions to record: ids, head, heads, base
    #[arg(value_name = "TARGET", required = true, allow_negative_numbers = true)]
    pub targets: Vec<String>,
    /// Empty the version table first
    #[arg(long, conflicts_with = "sql")]
    pub purge: bool,
    /// Accept the changes of applied revisions: record what they are now, and leave the version table as it is
    #[arg(long, conflicts_with_all = ["purge", "sql", "tag"])]
    pub accept: bool,
    /// Write the statements to stdout as a script instead of running them
    #[arg(long, conflicts_with = "json")]
    pub sql: bool,
    /// A text for the script's header
    #[arg(long, value_name = "TEXT")]
    pub tag: Option<String>,
    /// How long to wait for another run on the database, e.g. 30s [default: from mighost.toml, or 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub lock_wait: Option<Duration>,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Current {
    /// Exit with code 10 unless the database is at the heads
    #[arg(long)]
    pub check_heads: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct History {
    /// From one revision to another; either side may be empty, `current` or relative
    #[arg(short, long, value_name = "[FROM]:[TO]", allow_hyphen_values = true)]
    pub rev_range: Option<String>,
    /// Mark the current revisions, and show what was applied when
    #[arg(short, long)]
    pub indicate_current: bool,
    /// Draw branches and merges
    #[arg(long)]
    pub graph: bool,
    /// Draw with ASCII characters [default: if the locale is not UTF-8, or TERM is dumb]
    #[arg(long, requires = "graph")]
    pub ascii: bool,
    /// The output format [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Option<HistoryFormat>,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// Plain text; with --graph a drawing in the terminal
    Text,
    /// A flowchart for Mermaid, as Markdown renderers draw it
    Mermaid,
    /// A graph for Graphviz
    Dot,
    /// A picture in SVG
    Svg,
    /// The same as --json
    Json,
}

#[derive(Debug, Args)]
pub struct Heads {
    /// Leave out heads that another revision depends on
    #[arg(long)]
    pub resolve_dependencies: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Check sources and artifacts only
    #[arg(long)]
    pub no_database: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct EnsureVersion {
    /// Write the statements to stdout as a script instead of running them
    #[arg(long, conflicts_with = "json")]
    pub sql: bool,
    /// How long to wait for another run on the database, e.g. 30s [default: from mighost.toml, or 60s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub lock_wait: Option<Duration>,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Revision ids or prefixes, head, heads, current, -N from the heads, FROM:TO
    #[arg(value_name = "REVISION", required = true, allow_negative_numbers = true)]
    pub revisions: Vec<String>,
    /// Show whether each is applied, and since when
    #[arg(short, long)]
    pub indicate_current: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A migration, a plugin or any other component
    #[arg(value_name = "FILE.wasm", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Print the component's WIT only
    #[arg(long, conflicts_with = "json")]
    pub wit: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Psql {
    /// Arguments for psql
    #[arg(value_name = "PSQL-ARGUMENT", last = true)]
    pub args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct Wit {
    /// Write the files to this folder instead of one text to stdout
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "json")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub report: Report,
}
