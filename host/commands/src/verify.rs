//! `mighost verify`: whether the policy lets a file run.

use std::path::PathBuf;

use mighost_core::{Digest, Event, Level as EventLevel, Reporter};
use mighost_release::Predicate;
use mighost_trust::Level;
use mighost_trust::policy::{Accepted, PolicySource};
use mighost_trust::time::{self, UnixTime};
use serde::Serialize;

use super::signatures::{self, SignerReport, SigningError};
use super::{CommandError, Project};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    pub trust: PolicySource,
    /// The project that an artifact belongs to; artifacts do not name it.
    pub project: Option<String>,
    /// The time to judge at; `None` for now.
    pub at: Option<UnixTime>,
}

/// What is known about a file whose signatures hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    pub file: PathBuf,
    /// The digest of the artifact, or of the manifest of the release.
    pub digest: Digest,
    /// What the release says it is; `None` for an artifact.
    pub release: Option<ReleaseName>,
    pub signers: Vec<SignerReport>,
    pub policy: PathBuf,
    pub policy_digest: Digest,
    /// The label of `-x db=LABEL`; without one, any database counts.
    pub database: Option<String>,
    pub level: Level,
    /// The rule that accepts it; `None` if the level is `audit` and none does.
    pub accepted: Option<Accepted>,
}

/// A release, for reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseName {
    pub project: String,
    pub version: String,
    pub serial: u64,
    pub artifacts: usize,
}

impl From<&Predicate> for ReleaseName {
    fn from(predicate: &Predicate) -> Self {
        Self {
            project: predicate.project.clone(),
            version: predicate.version.clone(),
            serial: predicate.serial,
            artifacts: predicate.artifacts.len(),
        }
    }
}

/// Verifies the signatures of the file, and asks the policy about their signers.
///
/// # Errors
/// If the file or the policy cannot be read, a signature does not hold, or the policy refuses it and is enforced.
pub fn run(project: &Project, request: &VerifyRequest, reporter: &dyn Reporter) -> Result<VerifyReport, CommandError> {
    let path = project.directory.join(&request.file);
    let file = signatures::read(&path)?;
    let policy = request.trust.required().map_err(SigningError::from)?;
    let database = label(&project.extra);
    let at = request.at.unwrap_or_else(time::now);
    let level = policy.level(database.as_deref());
    let accepted = match (
        file.judge(&policy, request.project.as_deref(), database.as_deref(), at),
        level,
    ) {
        (Ok(accepted), _) => Some(accepted),
        (Err(refusal), Level::Enforce) => return Err(SigningError::Refused { path, refusal }.into()),
        (Err(refusal), Level::Audit) => {
            let text = format!("{refusal} (level audit: this is only a warning)");
            reporter.report(Event::Note {
                level: EventLevel::Warn,
                text,
            });
            None
        }
    };
    Ok(VerifyReport {
        file: path,
        digest: file.digest,
        release: file.release.as_ref().map(ReleaseName::from),
        signers: file.signers.iter().map(SignerReport::from).collect(),
        policy: policy.path.clone(),
        policy_digest: policy.digest,
        database,
        level,
        accepted,
    })
}

/// The label in `-x db=LABEL`. A file can be verified without a project, so its settings are not read.
pub(super) fn label(extra: &[String]) -> Option<String> {
    let mut labels = extra.iter().filter_map(|argument| argument.strip_prefix("db="));
    labels.next_back().map(str::to_owned)
}
