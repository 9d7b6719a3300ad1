//! What a policy says about something that is signed.

use std::path::PathBuf;

use mighost_core::{Blame, Diagnostic, Digest, ExitKind};
use serde::Serialize;

use super::{Policy, Rule};
use crate::allowed_signers::NotAllowed;
use crate::revoked::Revoked;
use crate::sshsig::{SignatureError, Signer};
use crate::time::{self, UnixTime};

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the signatures were made for.
    pub namespace: &'static str,
    /// The name of the project; `None` for a single artifact, which has none.
    pub project: Option<&'a str>,
    /// The label of the database; empty for those that the policy does not name, `None` for any.
    pub database: Option<&'a str>,
    /// The labels of the branches of a revision.
    pub branches: &'a [String],
    /// The digests of what is signed: the release, the artifact. None may be revoked.
    pub digests: &'a [Digest],
}

/// A signer that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    pub principal: String,
    pub fingerprint: String,
}

/// What a rule allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accepted {
    pub rule: String,
    pub signers: Vec<SignedBy>,
}

/// What the policy does not allow, and which rule says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not signed, and {} accepts only what is signed", policy.display())]
    Unsigned { policy: PathBuf },
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("{digest} is revoked in {}", policy.display())]
    RevokedDigest { digest: Digest, policy: PathBuf },
    #[error("no rule of {} covers {subject}", policy.display())]
    NoRule { policy: PathBuf, subject: String },
    #[error("{rule} of {} is not valid before {since}", policy.display())]
    NotYet {
        policy: PathBuf,
        rule: String,
        since: String,
    },
    #[error("{rule} of {} expired at {until}", policy.display())]
    Expired {
        policy: PathBuf,
        rule: String,
        until: String,
    },
    /// Not enough keys. `reasons` say why each other key does not count.
    #[error("{rule} of {} asks for {threshold} of: {signers}; {found}", policy.display(), signers = signers.join(", "), found = found(accepted, reasons))]
    TooFew {
        policy: PathBuf,
        rule: String,
        threshold: usize,
        signers: Vec<String>,
        accepted: Vec<SignedBy>,
        reasons: Vec<NotCounted>,
    },
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error(transparent)]
    Revoked(#[from] Revoked),
}

fn found(accepted: &[SignedBy], reasons: &[NotCounted]) -> String {
    let mut parts: Vec<String> = accepted
        .iter()
        .map(|signer| format!("{} signed with the key {}", signer.principal, signer.fingerprint))
        .collect();
    parts.extend(reasons.iter().map(ToString::to_string));
    parts.join("; ")
}

impl Refusal {
    /// What the operator would have to change.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unsigned { .. } => "ask its author for a signature; `mighost sign` makes one".into(),
            Self::Signature(_) => return None,
            Self::RevokedDigest { .. } => "it was revoked on purpose; ask its author for a newer one".into(),
            Self::NoRule { policy, .. } => format!("if you trust its author here, add a rule to {}", policy.display()),
            Self::NotYet { .. } => "check the clock of this machine, or wait".into(),
            Self::Expired { policy, .. } => format!("extend valid-before of the rule in {}", policy.display()),
            Self::TooFew { accepted, reasons, .. } => match reasons.first() {
                Some(NotCounted::NotAllowed(reason)) => reason.hint().into(),
                Some(NotCounted::Revoked(_)) => "ask for a signature with a key that is not revoked".into(),
                None if accepted.is_empty() => "ask for a signature by one of them".into(),
                None => "ask for another signature: `mighost sign` adds one to the same file".into(),
            },
        })
    }
}

impl From<&Refusal> for Diagnostic {
    fn from(refusal: &Refusal) -> Self {
        let mut diagnostic = Self::new(Blame::Operator, ExitKind::Trust, refusal.to_string());
        diagnostic.hints.extend(refusal.hint());
        diagnostic
    }
}

impl Policy {
    /// Judges something that `signers` signed, at the time `at`. The signatures are verified already.
    ///
    /// # Errors
    /// If no rule allows it: the reason of the rule that comes closest.
    pub fn judge(&self, subject: &Subject<'_>, signers: &[Signer], at: UnixTime) -> Result<Accepted, Box<Refusal>> {
        let policy = || self.path.clone();
        if signers.is_empty() {
            return Err(Refusal::Unsigned { policy: policy() }.into());
        }
        if let Some(digest) = subject
            .digests
            .iter()
            .find(|digest| self.revoked_digests.contains(digest))
        {
            let (digest, policy) = (*digest, policy());
            return Err(Refusal::RevokedDigest { digest, policy }.into());
        }
        let mut closest: Option<Refusal> = None;
        for rule in self.rules.iter().filter(|rule| rule.covers(subject)) {
            match self.judge_by(rule, subject, signers, at) {
                Ok(accepted) => return Ok(accepted),
                Err(refusal) => {
                    closest = closest
                        .filter(|other| other.closeness() >= refusal.closeness())
                        .or(Some(refusal))
                }
            }
        }
        let refusal = closest.unwrap_or_else(|| Refusal::NoRule {
            policy: policy(),
            subject: describe(subject),
        });
        Err(refusal.into())
    }

    fn judge_by(
        &self,
        rule: &Rule,
        subject: &Subject<'_>,
        signers: &[Signer],
        at: UnixTime,
    ) -> Result<Accepted, Refusal> {
        let (policy, name) = (self.path.clone(), rule.name.clone());
        if let Some(after) = rule.valid_after.filter(|after| at < *after) {
            let since = time::display(after);
            return Err(Refusal::NotYet {
                policy,
                rule: name,
                since,
            });
        }
        if let Some(before) = rule.valid_before.filter(|before| at > *before) {
            let until = time::display(before);
            return Err(Refusal::Expired {
                policy,
                rule: name,
                until,
            });
        }
        let mut accepted: Vec<SignedBy> = Vec::new();
        let mut reasons = Vec::new();
        for signer in signers {
            match self.principal_of(rule, subject, signer, at) {
                // One key counts once, under however many principals.
                Ok(signer) if accepted.iter().any(|other| other.fingerprint == signer.fingerprint) => {}
                Ok(signer) => accepted.push(signer),
                Err(reason) => reasons.push(reason),
            }
        }
        if accepted.len() >= rule.threshold {
            return Ok(Accepted {
                rule: name,
                signers: accepted,
            });
        }
        Err(Refusal::TooFew {
            policy,
            rule: name,
            threshold: rule.threshold,
            signers: rule.signers.clone(),
            accepted,
            reasons,
        })
    }

    /// The first principal of the rule that `signer` signs as.
    fn principal_of(
        &self,
        rule: &Rule,
        subject: &Subject<'_>,
        signer: &Signer,
        at: UnixTime,
    ) -> Result<SignedBy, NotCounted> {
        self.revoked.check(signer)?;
        let mut closest: Option<NotAllowed> = None;
        for principal in &rule.signers {
            match self.signers.check(signer, principal, subject.namespace, at) {
                Ok(()) => {
                    return Ok(SignedBy {
                        principal: principal.clone(),
                        fingerprint: signer.key().fingerprint(),
                    });
                }
                Err(reason) => closest = closest.max(Some(reason)),
            }
        }
        // A rule has at least one signer, so there is a reason.
        let reason = closest.unwrap_or_else(|| NotAllowed::UnknownKey {
            file: self.path.display().to_string(),
            fingerprint: signer.key().fingerprint(),
        });
        Err(reason.into())
    }
}

impl Refusal {
    /// How much of a rule is fulfilled; the refusal with the most is reported.
    fn closeness(&self) -> usize {
        match self {
            Self::TooFew { accepted, .. } => 1 + accepted.len(),
            _ => 0,
        }
    }
}

fn describe(subject: &Subject<'_>) -> String {
    let mut text = match subject.project {
        Some(project) => format!("the project {}", project.escape_debug()),
        None => "an artifact without a project".to_owned(),
    };
    if subject.database == Some("") {
        text.push_str(" on databases that it does not name");
    } else if let Some(database) = subject.database {
        text.push_str(&format!(" on the database {}", database.escape_debug()));
    }
    match subject.branches {
        [] => {}
        labels => text.push_str(&format!(" and its branch {}", labels.join(", ").escape_debug())),
    }
    text
}
