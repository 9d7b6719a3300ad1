//! The verbs, one file each: a request of plain data and the function that carries it out.

pub mod branches;
pub mod build;
pub mod check;
pub mod context;
pub mod current;
pub mod db;
pub mod doctor;
pub mod downgrade;
pub mod edit;
pub mod ensure_version;
mod error;
pub mod heads;
pub mod history;
pub mod init;
pub mod inspect;
pub mod list_templates;
pub mod merge;
mod migrate;
pub mod plugin;
pub mod plugins;
pub mod psql;
pub mod release;
pub mod revision;
mod run_options;
pub mod show;
pub mod sign;
mod signatures;
pub mod stamp;
pub mod test;
pub mod trust;
pub mod upgrade;
pub mod verify;
pub mod wit;

use std::fmt;
use std::path::PathBuf;

pub use error::CommandError;
pub use migrate::RunReport;
pub use run_options::RunOptions;
pub use signatures::{CertificateReport, SignerReport, SigningError};

use mighost_config::{ConfigError, Environment, LoadRequest, ProjectSettings, Settings};

/// The location of the project and overrides of its configuration.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The working folder, absolute: that of the process or of `-C`.
    pub directory: PathBuf,
    /// `-c FILE`.
    pub config: Option<PathBuf>,
    /// Each `-x`, as written.
    pub extra: Vec<String>,
    pub environment: Environment,
}

/// Omits the environment, which may contain passwords.
impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Project")
            .field("directory", &self.directory)
            .field("config", &self.config)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}

impl Project {
    /// The settings for the selected database.
    ///
    /// # Errors
    /// As for [`mighost_config::load`].
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        mighost_config::load(&self.load_request())
    }

    /// The settings for commands that need no database.
    ///
    /// # Errors
    /// As for [`mighost_config::load_project`].
    pub fn project_settings(&self) -> Result<ProjectSettings, ConfigError> {
        mighost_config::load_project(&self.load_request())
    }

    fn load_request(&self) -> LoadRequest<'_> {
        LoadRequest {
            directory: &self.directory,
            config: self.config.as_deref(),
            extra: &self.extra,
            environment: &self.environment,
        }
    }
}

/// The user's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Accept(stamp::accept::AcceptRequest),
    Init(init::InitRequest),
    TakeOver(init::import_alembic::TakeOverRequest),
    Revision(revision::RevisionRequest),
    Merge(merge::MergeRequest),
    Edit(edit::EditRequest),
    ListTemplates,
    Build(build::BuildRequest),
    Check(check::CheckRequest),
    EnsureVersion(ensure_version::EnsureVersionRequest),
    Upgrade(upgrade::UpgradeRequest),
    Downgrade(downgrade::DowngradeRequest),
    Stamp(stamp::StampRequest),
    Current(current::CurrentRequest),
    History(history::HistoryRequest),
    Heads(heads::HeadsRequest),
    Branches(branches::BranchesRequest),
    Show(show::ShowRequest),
    NewPlugin(plugin::NewPluginRequest),
    Plugins(plugins::PluginsRequest),
    Inspect(inspect::InspectRequest),
    Test(test::TestRequest),
    Psql(psql::PsqlRequest),
    Db(db::DbRequest),
    Wit(wit::WitRequest),
    Doctor(doctor::DoctorRequest),
    Release(release::ReleaseRequest),
    Sign(sign::SignRequest),
    Verify(verify::VerifyRequest),
    Trust(trust::TrustRequest),
}
