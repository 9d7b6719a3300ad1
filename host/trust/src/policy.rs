//! `trust.toml`: the operator's policy. Which principals may sign for which project, database and branch.

mod file;
mod judge;
mod source;
mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use mighost_core::{Blame, Diagnostic, Digest, ExitKind};
use serde::{Deserialize, Serialize};

pub use file::FileError;
pub use judge::{Accepted, Refusal, SignedBy, Subject};
pub use source::{PolicySource, VARIABLE};
pub use template::TEMPLATE;

use crate::allowed_signers::{AllowedSigners, AllowedSignersError};
use crate::pattern;
use crate::revoked::{RevokedError, RevokedKeys};
use crate::time::{self, UnixTime};

/// The longest `trust.toml`, in bytes.
pub const MAX_FILE: u64 = 1 << 20;

/// The version of the file's format.
const FORMAT: u32 = 1;

/// A policy that is not used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("there is no policy: neither --trust nor {VARIABLE} names one, and {} does not exist", default.display())]
    None { default: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: {text}", path.display())]
    Syntax { path: PathBuf, text: String },
    #[error("{} has format {format}, and this version of mighost reads format {FORMAT}", path.display())]
    Format { path: PathBuf, format: u32 },
    #[error("{}: {rule}: {text}", path.display())]
    Rule {
        path: PathBuf,
        rule: String,
        text: &'static str,
    },
    #[error(transparent)]
    AllowedSigners(#[from] AllowedSignersError),
    #[error(transparent)]
    Revoked(#[from] RevokedError),
    #[error("the policy {} changed during this run", path.display())]
    Changed { path: PathBuf },
}

impl From<&PolicyError> for Diagnostic {
    fn from(error: &PolicyError) -> Self {
        let new = |exit| Self::new(Blame::Operator, exit, error.to_string());
        match error {
            PolicyError::None { .. } => new(ExitKind::Trust).hint("write one with `mighost trust init`"),
            PolicyError::File(file) => {
                let mut diagnostic = new(ExitKind::Trust);
                diagnostic.hints.extend(file.hint());
                diagnostic
            }
            PolicyError::Syntax { .. } | PolicyError::Rule { .. } => {
                new(ExitKind::Config).hint("`mighost trust init` writes a policy with explanations")
            }
            PolicyError::Format { .. } => new(ExitKind::Config).hint("install a later version of mighost"),
            PolicyError::AllowedSigners(error) => error.into(),
            PolicyError::Revoked(error) => error.into(),
            PolicyError::Changed { .. } => new(ExitKind::Trust).hint("run it again"),
        }
    }
}

/// What happens when the policy does not allow something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It is a warning.
    Audit,
    /// It is refused.
    #[default]
    Enforce,
}

/// The contents of `trust.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(default = "default_allowed_signers")]
    allowed_signers: PathBuf,
    revoked_keys: Option<PathBuf>,
    #[serde(default)]
    revoked_digests: Vec<Digest>,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    databases: BTreeMap<String, DatabaseFile>,
    #[serde(default)]
    rules: Vec<RuleFile>,
}

fn default_allowed_signers() -> PathBuf {
    "allowed_signers".into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DatabaseFile {
    level: Level,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleFile {
    name: Option<String>,
    signers: Vec<String>,
    #[serde(default = "everything")]
    projects: Vec<String>,
    #[serde(default = "everything")]
    databases: Vec<String>,
    #[serde(default = "everything")]
    branches: Vec<String>,
    #[serde(default = "one")]
    threshold: usize,
    valid_after: Option<String>,
    valid_before: Option<String>,
}

fn everything() -> Vec<String> {
    vec!["*".into()]
}

fn one() -> usize {
    1
}

/// A rule: these signers may sign for these projects, databases and branches.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its name in messages, e.g. `rule 2` if it has no other.
    pub name: String,
    /// Principals.
    pub signers: Vec<String>,
    /// Patterns, as are databases and branches.
    pub projects: Vec<String>,
    pub databases: Vec<String>,
    pub branches: Vec<String>,
    /// The number of keys that must have signed.
    pub threshold: usize,
    pub valid_after: Option<UnixTime>,
    pub valid_before: Option<UnixTime>,
}

/// A policy, with the files that it names.
#[derive(Clone, Debug)]
pub struct Policy {
    pub path: PathBuf,
    /// The digest of all its files.
    pub digest: Digest,
    pub rules: Vec<Rule>,
    pub signers: AllowedSigners,
    pub revoked: RevokedKeys,
    pub revoked_digests: Vec<Digest>,
    level: Level,
    databases: BTreeMap<String, Level>,
}

impl Policy {
    /// Reads the policy `path` and the files that it names. Relative names are those of files next to it.
    ///
    /// # Errors
    /// If a file cannot be read, could have been written by others, or is invalid.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let contents = file::read(path, MAX_FILE)?;
        let syntax = |text: String| PolicyError::Syntax {
            path: path.to_owned(),
            text,
        };
        let text = std::str::from_utf8(&contents).map_err(|_| syntax("it is not text in UTF-8".into()))?;
        check_format(path, text)?;
        // The message has the line and shows it.
        let parsed: PolicyFile = toml::from_str(text).map_err(|error| syntax(error.to_string()))?;
        let beside = |name: &Path| path.parent().unwrap_or(Path::new("/")).join(name);

        let zone = TimeZone::system();
        let signers_path = beside(&parsed.allowed_signers);
        let signers = file::read(&signers_path, crate::allowed_signers::MAX_FILE as u64)?;
        let revoked_path = parsed.revoked_keys.as_deref().map(beside);
        let revoked = match &revoked_path {
            Some(path) => file::read(path, crate::revoked::MAX_FILE as u64)?,
            None => Vec::new(),
        };
        let mut rules = Vec::new();
        for (number, rule) in parsed.rules.into_iter().enumerate() {
            rules.push(Rule::new(path, number, rule, &zone)?);
        }
        Ok(Self {
            path: path.to_owned(),
            digest: Digest::of_parts([contents.as_slice(), &signers, &revoked]),
            rules,
            signers: AllowedSigners::parse(&signers_path, &signers, &zone)?,
            revoked: RevokedKeys::parse(revoked_path.as_deref().unwrap_or(path), &revoked)?,
            revoked_digests: parsed.revoked_digests,
            level: parsed.level,
            databases: parsed
                .databases
                .into_iter()
                .map(|(label, file)| (label, file.level))
                .collect(),
        })
    }

    /// What happens on the database with this label; without one, what happens by default.
    pub fn level(&self, database: Option<&str>) -> Level {
        let own = database.and_then(|label| self.databases.get(label));
        own.copied().unwrap_or(self.level)
    }

    /// The labels with a level of their own.
    pub fn levels(&self) -> &BTreeMap<String, Level> {
        &self.databases
    }

    /// Checks that the files are still those that were read, so that what was planned is what runs.
    ///
    /// # Errors
    /// If they changed, or cannot be read.
    pub fn check_unchanged(&self) -> Result<(), PolicyError> {
        match Self::read(&self.path)?.digest == self.digest {
            true => Ok(()),
            false => Err(PolicyError::Changed {
                path: self.path.clone(),
            }),
        }
    }
}

/// Reads the format before the rest, so that an error names that instead of an unknown key.
fn check_format(path: &Path, text: &str) -> Result<(), PolicyError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    match toml::from_str::<Format>(text) {
        Ok(Format { format }) if format != FORMAT => Err(PolicyError::Format {
            path: path.to_owned(),
            format,
        }),
        _ => Ok(()),
    }
}

impl Rule {
    fn new(path: &Path, number: usize, rule: RuleFile, zone: &TimeZone) -> Result<Self, PolicyError> {
        let name = rule.name.unwrap_or_else(|| format!("rule {}", number + 1));
        let wrong = |text| PolicyError::Rule {
            path: path.to_owned(),
            rule: name.clone(),
            text,
        };
        let time = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => time::parse(&text, zone).map(Some).ok_or_else(|| {
                wrong("a time is YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with or without Z at the end")
            }),
        };
        let (valid_after, valid_before) = (time(rule.valid_after)?, time(rule.valid_before)?);
        if rule.signers.is_empty() {
            return Err(wrong("it has no signers"));
        }
        // Any principal that a pattern matches could be made up by an authority.
        if rule.signers.iter().any(|signer| signer.contains(['*', '?', '!', ','])) {
            return Err(wrong(
                "signers are principals, not patterns; patterns are for allowed_signers",
            ));
        }
        if rule.threshold == 0 {
            return Err(wrong("a threshold is at least 1"));
        }
        let lists = [&rule.projects, &rule.databases, &rule.branches];
        if lists.iter().any(|list| list.is_empty()) {
            return Err(wrong("an empty list matches nothing; leave it out to match everything"));
        }
        if matches!((valid_after, valid_before), (Some(after), Some(before)) if before <= after) {
            return Err(wrong("valid-before is not after valid-after"));
        }
        Ok(Self {
            name,
            signers: rule.signers,
            projects: rule.projects,
            databases: rule.databases,
            branches: rule.branches,
            threshold: rule.threshold,
            valid_after,
            valid_before,
        })
    }

    /// Whether it is about `subject`. Without a database it is about any.
    fn covers(&self, subject: &Subject<'_>) -> bool {
        // A project that is not known is covered by rules for all projects only.
        let project = matches_any(subject.project.unwrap_or_default(), &self.projects);
        let database = subject.database.is_none_or(|label| matches_any(label, &self.databases));
        let branch = self.branches.iter().any(|pattern| pattern == "*")
            || subject.branches.iter().any(|label| matches_any(label, &self.branches));
        project && database && branch
    }
}

fn matches_any(text: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| pattern::matches(text, pattern))
}
