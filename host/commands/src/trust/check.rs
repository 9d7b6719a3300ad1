//! `mighost trust check`: what the policy says about a file, for each database.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mighost_core::Digest;
use mighost_trust::policy::{Accepted, PolicySource};
use mighost_trust::time::{self, UnixTime};
use mighost_trust::{Level, Policy};
use serde::Serialize;

use crate::signatures::{self, SignerReport, SigningError};
use crate::verify::label;
use crate::{CommandError, Project};

/// What the policy says about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    pub file: PathBuf,
    pub digest: Digest,
    pub policy: PathBuf,
    pub signers: Vec<SignerReport>,
    pub databases: Vec<LabelVerdict>,
}

/// What the policy says about one database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelVerdict {
    /// `None` for databases that the policy does not name.
    pub database: Option<String>,
    pub level: Level,
    pub accepted: Option<Accepted>,
    /// Why it is refused, and what to change.
    pub refusal: Option<String>,
    pub hint: Option<String>,
}

/// Verifies the signatures of the file, and judges it for each database that the policy names, or for that of `-x db=LABEL`.
///
/// # Errors
/// If the file or the policy cannot be read, or a signature does not hold.
pub fn check(
    project: &Project,
    file: &Path,
    trust: &PolicySource,
    of_project: Option<&str>,
    at: Option<UnixTime>,
) -> Result<CheckReport, CommandError> {
    let path = project.directory.join(file);
    let signed = signatures::read(&path)?;
    let policy = trust.required().map_err(SigningError::from)?;
    let databases = match label(&project.extra) {
        Some(label) => vec![Some(label)],
        None => labels(&policy),
    };
    let at = at.unwrap_or_else(time::now);
    let verdict = |database: Option<String>| {
        // No label has this name, so that only rules for all databases match.
        let name = database.as_deref().unwrap_or_default();
        let level = policy.level(Some(name));
        match signed.judge(&policy, of_project, Some(name), at) {
            Ok(accepted) => LabelVerdict {
                database,
                level,
                accepted: Some(accepted),
                refusal: None,
                hint: None,
            },
            Err(refusal) => LabelVerdict {
                database,
                level,
                accepted: None,
                refusal: Some(refusal.to_string()),
                hint: refusal.hint(),
            },
        }
    };
    Ok(CheckReport {
        file: path,
        digest: signed.digest,
        policy: policy.path.clone(),
        signers: signed.signers.iter().map(SignerReport::from).collect(),
        databases: databases.into_iter().map(verdict).collect(),
    })
}

/// The labels that the policy names, and one for all others.
fn labels(policy: &Policy) -> Vec<Option<String>> {
    let in_rules = policy.rules.iter().flat_map(|rule| &rule.databases);
    let names = policy.levels().keys().chain(in_rules);
    let labels: BTreeSet<&String> = names.filter(|name| !name.contains(['*', '?'])).collect();
    labels.into_iter().cloned().map(Some).chain([None]).collect()
}
