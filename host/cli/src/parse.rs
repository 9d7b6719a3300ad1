//! Converts clap's structs to requests.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use clap::FromArgMatches as _;
use clap_complete::Shell;

use super::args::{
    Cli, Common, DbAction, HistoryFormat, Init, Merge, PluginAction, Report, Revision, Run, TransactionArg,
    TrustAction, TrustOption, Verb, Verify, With,
};
use super::help;
use crate::output::{ColorChoice, Options};
use mighost_commands::init::import_alembic;
use mighost_commands::merge::MergeRequest;
use mighost_commands::revision::RevisionRequest;
use mighost_commands::{
    Project, Request, RunOptions, branches, build, check, current, db, doctor, downgrade, edit, ensure_version, heads,
    history, init, inspect, plugin, plugins, psql, release, show, sign, stamp, trust, upgrade, verify, wit,
};
use mighost_config::Environment;
use mighost_core::TransactionMode;
use mighost_trust::policy::PolicySource;

/// A parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub output: Options,
    pub project: Project,
    pub action: Action,
}

/// The request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Command(Request),
    /// Shell completions, which only the command line itself can generate.
    Completions(Shell),
}

/// Parses a command line. `args` starts with the program's name; `directory` is the working folder, absolute.
///
/// # Errors
/// Those of clap, for wrong usage and for `--help` and `--version`.
pub fn parse(args: &[OsString], environment: Environment, directory: PathBuf) -> Result<Invocation, clap::Error> {
    let matches = help::command().try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let variable = environment.get(mighost_trust::policy::VARIABLE);
    let mut reader = Reader {
        common: Common::default(),
        directory,
        json: false,
        trust_variable: variable.filter(|path| !path.is_empty()).map(PathBuf::from),
    };
    reader.merge(cli.common);
    let action = reader.action(cli.verb);
    let Reader {
        common,
        directory,
        json,
        ..
    } = reader;
    Ok(Invocation {
        output: Options {
            color: common.color.map(ColorChoice::from).unwrap_or_default(),
            quiet: common.quiet,
            verbose: common.verbose,
            json,
            raise: common.raiseerr,
        },
        project: Project {
            directory,
            config: common.config,
            extra: common.extra,
            environment,
        },
        action,
    })
}

/// The colours that a command line which clap refused asks for.
pub(super) fn color_of_broken_line(args: &[OsString]) -> ColorChoice {
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let separate = texts.windows(2).find_map(|pair| match pair {
        ["--color", when] => Some(*when),
        _ => None,
    });
    let joined = texts.iter().find_map(|text| text.strip_prefix("--color="));
    match joined.or(separate) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Merges the options of several levels of the command line.
struct Reader {
    common: Common,
    /// The working folder after every `-C` so far.
    directory: PathBuf,
    json: bool,
    /// The policy that the environment names.
    trust_variable: Option<PathBuf>,
}

impl Reader {
    /// Adds options further to the right, which take precedence.
    fn merge(&mut self, right: Common) {
        let left = &mut self.common;
        left.config = right.config.or(left.config.take());
        left.extra.extend(right.extra);
        left.extra.extend(right.name.map(|label| format!("db={label}")));
        left.raiseerr |= right.raiseerr;
        left.quiet |= right.quiet;
        left.verbose |= right.verbose;
        left.color = right.color.or(left.color);
        for directory in right.directory {
            self.directory = clean(&self.directory.join(directory));
        }
    }

    /// A command's own arguments, after those of all commands are merged.
    fn take<A: clap::Args>(&mut self, with: With<A>) -> A {
        self.merge(with.common);
        with.args
    }

    fn report(&mut self, report: &Report) {
        self.json |= report.json;
    }

    fn action(&mut self, verb: Verb) -> Action {
        let request = match verb {
            Verb::Init(with) => self.init(with),
            Verb::Revision(with) => Request::Revision(self.revision(with)),
            Verb::Merge(with) => Request::Merge(self.merging(with)),
            Verb::Edit(with) => Request::Edit(edit::EditRequest {
                revision: self.take(with).revision,
            }),
            Verb::ListTemplates(with) => {
                self.plain_report(with);
                Request::ListTemplates
            }
            Verb::Build(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Build(build::BuildRequest { force: args.force })
            }
            Verb::Upgrade(with) => {
                let args = self.take(with);
                Request::Upgrade(upgrade::UpgradeRequest {
                    targets: args.targets,
                    options: self.run_options(args.run),
                })
            }
            Verb::Downgrade(with) => {
                let args = self.take(with);
                Request::Downgrade(downgrade::DowngradeRequest {
                    targets: args.targets,
                    options: self.run_options(args.run),
                })
            }
            Verb::Stamp(with) => {
                let args = self.take(with);
                self.report(&args.report);
                match args.accept {
                    true => Request::Accept(stamp::accept::AcceptRequest {
                        revisions: args.targets,
                        lock_wait: args.lock_wait,
                    }),
                    false => Request::Stamp(stamp::StampRequest {
                        targets: args.targets,
                        purge: args.purge,
                        sql: args.sql,
                        tag: args.tag,
                        lock_wait: args.lock_wait,
                    }),
                }
            }
            Verb::Current(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Current(current::CurrentRequest {
                    check_heads: args.check_heads,
                    verbose: self.common.verbose,
                })
            }
            Verb::History(with) => {
                let args = self.take(with);
                self.report(&args.report);
                self.json |= args.format == Some(HistoryFormat::Json);
                Request::History(history::HistoryRequest {
                    range: args.rev_range,
                    verbose: self.common.verbose,
                    indicate_current: args.indicate_current,
                    style: match args.format {
                        Some(HistoryFormat::Mermaid) => history::HistoryStyle::Mermaid,
                        Some(HistoryFormat::Dot) => history::HistoryStyle::Dot,
                        Some(HistoryFormat::Svg) => history::HistoryStyle::Svg,
                        _ if args.graph => history::HistoryStyle::Graph { ascii: args.ascii },
                        _ => history::HistoryStyle::List,
                    },
                })
            }
            Verb::Heads(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Heads(heads::HeadsRequest {
                    verbose: self.common.verbose,
                    resolve_dependencies: args.resolve_dependencies,
                })
            }
            Verb::Branches(with) => {
                let verbose = self.plain_report(with);
                Request::Branches(branches::BranchesRequest { verbose })
            }
            Verb::Show(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Show(show::ShowRequest {
                    revisions: args.revisions,
                    indicate_current: args.indicate_current,
                })
            }
            Verb::Check(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Check(check::CheckRequest {
                    no_database: args.no_database,
                })
            }
            Verb::EnsureVersion(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::EnsureVersion(ensure_version::EnsureVersionRequest {
                    sql: args.sql,
                    lock_wait: args.lock_wait,
                })
            }
            Verb::Plugins(with) => {
                let verbose = self.plain_report(with);
                Request::Plugins(plugins::PluginsRequest { verbose })
            }
            Verb::Test(with) => {
                let args = self.take(with);
                Request::Test(args.request(&self.directory))
            }
            Verb::Inspect(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Inspect(inspect::InspectRequest {
                    file: self.directory.join(args.file),
                    wit: args.wit,
                })
            }
            Verb::Psql(with) => Request::Psql(psql::PsqlRequest {
                args: self.take(with).args,
            }),
            Verb::Db(with) => {
                let action = self.take(with).action;
                Request::Db(self.db(action))
            }
            Verb::Plugin(with) => {
                let PluginAction::New(with) = self.take(with).action;
                let args = self.take(with);
                self.report(&args.report);
                Request::NewPlugin(plugin::NewPluginRequest {
                    name: args.plugin,
                    template: args.template,
                    kind: args.kind,
                    folder: args.folder.map(|folder| self.directory.join(folder)),
                })
            }
            Verb::Release(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Release(release::ReleaseRequest {
                    output: clean(&self.directory.join(args.output)),
                    project: args.project,
                    version: args.release_version,
                    serial: match args.previous {
                        Some(previous) => release::Serial::After(previous),
                        // clap requires one of them.
                        None => release::Serial::Number(args.serial.unwrap_or_default()),
                    },
                    key: args.key,
                })
            }
            Verb::Sign(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Sign(sign::SignRequest {
                    file: args.file,
                    key: args.key,
                    embed: args.embed,
                })
            }
            Verb::Verify(with) => Request::Verify(self.verify(with)),
            Verb::Trust(with) => {
                let action = self.take(with).action;
                Request::Trust(self.trust(action))
            }
            Verb::Doctor(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Doctor(doctor::DoctorRequest { install: args.install })
            }
            Verb::Wit(with) => {
                let args = self.take(with);
                self.report(&args.report);
                Request::Wit(wit::WitRequest {
                    output: args.output.map(|folder| self.directory.join(folder)),
                })
            }
            Verb::Completions(with) => return Action::Completions(self.take(with).shell),
        };
        Action::Command(request)
    }

    fn init(&mut self, with: With<Init>) -> Request {
        let args = self.take(with);
        self.report(&args.report);
        let directory = clean(&self.directory.join(args.project));
        let Some(from) = args.from else {
            return Request::Init(init::InitRequest { directory });
        };
        // A name without a slash is looked up on PATH.
        let python = args.python.map(|python| match python.components().count() {
            1 => python,
            _ => self.directory.join(python),
        });
        Request::TakeOver(import_alembic::TakeOverRequest {
            directory,
            from: clean(&self.directory.join(from)),
            section: args.section,
            python: match (python, args.no_python) {
                (Some(python), _) => import_alembic::Python::Named(python),
                (None, true) => import_alembic::Python::Never,
                (None, false) => import_alembic::Python::Find,
            },
            dry_run: args.dry_run,
        })
    }

    fn revision(&mut self, with: With<Revision>) -> RevisionRequest {
        let args = self.take(with);
        self.report(&args.report);
        RevisionRequest {
            message: args.message,
            template: args.template,
            rev_id: args.rev_id,
            heads: args.head.into_iter().collect(),
            splice: args.splice,
            branch_labels: args.branch_labels,
            depends_on: args.depends_on,
            version_path: args.version_path.map(|folder| self.directory.join(folder)),
            autogenerate: args.autogenerate,
            sql: args.sql,
        }
    }

    fn merging(&mut self, with: With<Merge>) -> MergeRequest {
        let args = self.take(with);
        self.report(&args.report);
        MergeRequest {
            revisions: args.revisions,
            message: args.message,
            rev_id: args.rev_id,
            splice: args.splice,
            branch_labels: args.branch_labels,
            version_path: args.version_path.map(|folder| self.directory.join(folder)),
        }
    }

    fn run_options(&mut self, run: Run) -> RunOptions {
        self.report(&run.report);
        RunOptions {
            sql: run.sql,
            online_reads: run.online_reads,
            tag: run.tag,
            dry_run: run.dry_run,
            transaction: run.transaction.map(|mode| match mode {
                TransactionArg::PerMigration => TransactionMode::PerMigration,
                TransactionArg::All => TransactionMode::All,
                TransactionArg::None => TransactionMode::None,
            }),
            no_build: run.no_build,
            allow_changed: run.allow_changed,
            lock_wait: run.lock_wait,
            release: run.trust.release,
            trust: self.policy(run.trust.trust),
            unverified: run.trust.unverified,
            allow_rollback: run.trust.allow_rollback,
            allow_untrusted: run.trust.allow_untrusted,
        }
    }

    /// A command without arguments of its own; returns whether it is verbose.
    fn plain_report(&mut self, with: With<Report>) -> bool {
        let report = self.take(with);
        self.report(&report);
        self.common.verbose
    }

    /// Relative names are those of the working folder.
    fn policy(&self, option: TrustOption) -> PolicySource {
        let named = |path: PathBuf| self.directory.join(path);
        PolicySource {
            option: option.trust.map(named),
            variable: self.trust_variable.clone().map(named),
        }
    }

    fn verify(&mut self, with: With<Verify>) -> verify::VerifyRequest {
        let args = self.take(with);
        self.report(&args.report);
        verify::VerifyRequest {
            file: args.file,
            trust: self.policy(args.trust),
            project: args.project,
            at: args.at,
        }
    }

    fn trust(&mut self, action: TrustAction) -> trust::TrustRequest {
        match action {
            TrustAction::Init(with) => {
                let args = self.take(with);
                self.report(&args.report);
                trust::TrustRequest::Init {
                    folder: self.directory.join(args.folder),
                }
            }
            TrustAction::Show(with) => {
                let args = self.take(with);
                self.report(&args.report);
                trust::TrustRequest::Show {
                    trust: self.policy(args.trust),
                }
            }
            TrustAction::Check(with) => {
                let request = self.verify(with);
                trust::TrustRequest::Check {
                    file: request.file,
                    trust: request.trust,
                    project: request.project,
                    at: request.at,
                }
            }
        }
    }

    fn db(&mut self, action: DbAction) -> db::DbRequest {
        match action {
            DbAction::Start(with) => {
                self.plain_report(with);
                db::DbRequest::Start
            }
            DbAction::Stop(with) => {
                self.plain_report(with);
                db::DbRequest::Stop
            }
            DbAction::Status(with) => {
                self.plain_report(with);
                db::DbRequest::Status
            }
            DbAction::Destroy(with) => {
                let args = self.take(with);
                self.report(&args.report);
                db::DbRequest::Destroy { yes: args.yes }
            }
        }
    }
}

/// `path` without `.` parts, which would be shown in every message.
fn clean(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}
