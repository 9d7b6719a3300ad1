//! `mighost trust show`: what the policy allows, and whose keys count.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mighost_core::Digest;
use mighost_trust::Level;
use mighost_trust::policy::{PolicySource, Rule};
use serde::Serialize;

use crate::CommandError;
use crate::signatures::SigningError;

/// A policy, for reports.
#[derive(Debug, Serialize)]
pub struct ShowReport {
    pub policy: PathBuf,
    pub digest: Digest,
    /// What happens on databases without a level of their own.
    pub level: Level,
    pub databases: BTreeMap<String, Level>,
    pub rules: Vec<Rule>,
    pub keys: Vec<KeyReport>,
    /// The number of revoked keys.
    pub revoked_keys: usize,
    pub revoked_digests: Vec<Digest>,
}

/// A line of the allowed signers.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    /// Patterns.
    pub principals: String,
    pub fingerprint: String,
    pub key_type: String,
    /// Whether it vouches for other keys by certificates.
    pub authority: bool,
}

/// Reads the policy.
///
/// # Errors
/// If there is none, or it is invalid or could have been changed by others.
pub fn show(trust: &PolicySource) -> Result<ShowReport, CommandError> {
    let policy = trust.required().map_err(SigningError::from)?;
    let keys = policy.signers.keys().map(|(principals, key, authority)| KeyReport {
        principals: principals.to_owned(),
        fingerprint: key.fingerprint(),
        key_type: key.algorithm(),
        authority,
    });
    Ok(ShowReport {
        keys: keys.collect(),
        policy: policy.path.clone(),
        digest: policy.digest,
        level: policy.level(None),
        databases: policy.levels().clone(),
        revoked_keys: policy.revoked.len(),
        revoked_digests: policy.revoked_digests.clone(),
        rules: policy.rules,
    })
}
