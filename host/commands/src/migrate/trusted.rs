//! What has to be true before code of others runs: the release is signed, the policy allows it, the database has not seen a later one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mighost_artifact::ProjectArtifacts;
use mighost_config::Settings;
use mighost_core::{DatabaseUrl, Event, Level as EventLevel, Reporter};
use mighost_graph::Plan;
use mighost_postgres::{DatabaseState, ReleaseRecord};
use mighost_release::{Predicate, Release};
use mighost_trust::policy::{Accepted, Refusal, Subject};
use mighost_trust::time::{self, UnixTime};
use mighost_trust::{Level, Policy, Signer, namespace};

use crate::context::{self, ProjectHistory};
use crate::signatures::{SigningError, digests_of};
use crate::{CommandError, Project, RunOptions};

/// The level in the record of a run that no policy allowed.
const UNVERIFIED: &str = "unverified";

/// How far the clock of this machine may be behind that of the server, in seconds. Clocks differ, and zones are set wrongly.
const CLOCK: UnixTime = 24 * 60 * 60;

/// The checks of a run.
pub(super) struct Gate {
    label: String,
    policy: Option<Policy>,
    /// Whether the run is one of sources on the embedded server, where they are developed.
    development: bool,
    allow_rollback: bool,
    allow_untrusted: bool,
    release: Option<OpenRelease>,
}

/// A release whose signatures hold.
struct OpenRelease {
    path: PathBuf,
    release: Mutex<Release>,
    signers: Vec<Signer>,
    predicate: Predicate,
    /// The folder of its artifacts; `None` until they are unpacked. Removed with the gate.
    unpacked: Mutex<Option<Unpacked>>,
    folder: PathBuf,
    unverified: bool,
    /// Who signed it, once the policy has said so.
    accepted: Mutex<Option<Accepted>>,
}

/// A folder that is removed.
struct Unpacked(PathBuf);

impl Drop for Unpacked {
    fn drop(&mut self) {
        // What remains of it is of the next run's time, not of harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Gate {
    /// Reads the policy and, if the run is one of a release, verifies its signatures.
    ///
    /// # Errors
    /// If the release has no policy to judge it, cannot be read, or its signatures do not hold.
    pub fn open(project: &Project, settings: &Settings, options: &RunOptions) -> Result<Self, CommandError> {
        let policy = match (&options.release, options.unverified) {
            (Some(_), false) => Some(options.trust.required().map_err(SigningError::Unjudged)?),
            _ => options.trust.find().map_err(SigningError::from)?,
        };
        let release = match &options.release {
            None => None,
            Some(file) => Some(OpenRelease::open(
                &project.directory.join(file),
                settings,
                options.unverified,
            )?),
        };
        Ok(Self {
            label: settings.label.clone(),
            policy,
            development: release.is_none() && settings.url == DatabaseUrl::Embedded,
            allow_rollback: options.allow_rollback,
            allow_untrusted: options.allow_untrusted,
            release,
        })
    }

    /// The history of the release; `None` if the run is one of sources.
    ///
    /// # Errors
    /// If its revisions do not form a graph.
    pub fn history(&self) -> Result<Option<ProjectHistory>, CommandError> {
        let Some(open) = &self.release else { return Ok(None) };
        let release = open.release.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded: ProjectArtifacts = release.artifacts(&open.folder).map_err(SigningError::from)?;
        context::graph_of(loaded).map(Some)
    }

    /// Compares the run with what the database has seen: a later release, or a stricter policy.
    ///
    /// # Errors
    /// If it saw one, and the user does not allow this.
    pub fn check_database(&self, state: &DatabaseState) -> Result<(), CommandError> {
        let level = match (&self.policy, &self.release) {
            (Some(policy), Some(open)) if !open.unverified => Some(policy.level(Some(&self.label))),
            _ => None,
        };
        let label = self.label.clone();
        let enforced_before = state.releases.level.as_deref() == Some("enforce");
        if enforced_before && level != Some(Level::Enforce) && !self.allow_untrusted {
            return Err(SigningError::Weaker { label }.into());
        }
        let enforced = self.policy.as_ref();
        let enforced = enforced.filter(|policy| policy.level(Some(&self.label)) == Level::Enforce);
        let unverified = self.release.as_ref().is_none_or(|open| open.unverified);
        if let Some(policy) = enforced
            && unverified
            && !self.development
            && !self.allow_untrusted
        {
            let policy = policy.path.clone();
            let error = match self.release {
                None => SigningError::Sources { label, policy },
                Some(_) => SigningError::Unverified { label, policy },
            };
            return Err(error.into());
        }
        // With a clock that was set back, what has expired would be valid.
        if let (Some(last), Some(_)) = (state.releases.at, &self.release)
            && last > time::now().saturating_add(CLOCK)
            && !self.allow_untrusted
        {
            let last = time::display(last);
            return Err(SigningError::Clock { label, last }.into());
        }
        if let Some(open) = &self.release
            && let Some(highest) = state.releases.serials.get(&open.predicate.project)
            && *highest > open.predicate.serial
            && !self.allow_rollback
        {
            return Err(SigningError::Rollback {
                path: open.path.clone(),
                serial: open.predicate.serial,
                highest: *highest,
                project: open.predicate.project.clone(),
                label,
            }
            .into());
        }
        Ok(())
    }

    /// Asks the policy about every revision of the plan or, if there is nothing to do, about the heads of the database.
    ///
    /// # Errors
    /// If the policy does not allow a revision, or changed since it was read.
    pub fn judge(&self, plan: &Plan, heads: &[String], reporter: &dyn Reporter) -> Result<(), CommandError> {
        let Some(open) = &self.release else { return Ok(()) };
        if let (Some(policy), false) = (&self.policy, open.unverified) {
            policy.check_unchanged().map_err(SigningError::from)?;
            let branches = open.predicate.branches();
            let steps = plan.steps.iter().map(|step| step.revision.as_str());
            let heads = heads.iter().map(String::as_str).filter(|_| plan.is_empty());
            let labels = steps.chain(heads).map(|revision| branches.get(revision).cloned());
            let mut sets: BTreeSet<_> = labels.map(Option::unwrap_or_default).collect();
            if sets.is_empty() {
                sets.insert(BTreeSet::new());
            }
            let judged = judge(policy, &self.label, open, sets);
            match (judged, policy.level(Some(&self.label))) {
                (Ok(accepted), _) => *open.accepted.lock().unwrap_or_else(PoisonError::into_inner) = accepted,
                (Err(refusal), Level::Enforce) => {
                    let path = open.path.clone();
                    return Err(SigningError::Refused { path, refusal }.into());
                }
                (Err(refusal), Level::Audit) => {
                    let text = format!("{refusal} (level audit: the run continues)");
                    reporter.report(Event::Note {
                        level: EventLevel::Warn,
                        text,
                    });
                }
            }
        }
        Ok(())
    }

    /// Checks the artifacts of the release and writes them to a folder of this run. Nothing of a release is read by the compiler before.
    ///
    /// # Errors
    /// If an artifact is not what was signed, or the folder cannot be written.
    pub fn unpack(&self) -> Result<(), CommandError> {
        let Some(open) = &self.release else { return Ok(()) };
        let mut unpacked = open.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if unpacked.is_none() {
            remove_left(&open.folder);
            *unpacked = Some(Unpacked(open.folder.clone()));
            let mut release = open.release.lock().unwrap_or_else(PoisonError::into_inner);
            release.unpack(&open.folder).map_err(SigningError::from)?;
        }
        Ok(())
    }

    /// What the database records about the release; `None` if the run is one of sources.
    pub fn record(&self) -> Option<ReleaseRecord> {
        let open = self.release.as_ref()?;
        let accepted = open.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = self.policy.as_ref().filter(|_| !open.unverified);
        let level = policy.map(|policy| policy.level(Some(&self.label)));
        let signers = accepted.as_ref().map(|accepted| {
            let signers = accepted.signers.iter();
            let signers: Vec<String> = signers
                .map(|signer| format!("{} {}", signer.principal, signer.fingerprint))
                .collect();
            signers.join(", ")
        });
        Some(ReleaseRecord {
            project: open.predicate.project.clone(),
            version: open.predicate.version.clone(),
            serial: open.predicate.serial,
            manifest: open.release.lock().unwrap_or_else(PoisonError::into_inner).digest,
            policy: policy.map(|policy| policy.digest),
            level: match level {
                Some(Level::Enforce) => "enforce",
                Some(Level::Audit) => "audit",
                None => UNVERIFIED,
            }
            .to_owned(),
            signers,
        })
    }
}

/// Removes the folders of runs that were killed, whose processes have ended, and one of a process with the number of this one.
fn remove_left(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    let others = folder.parent().and_then(|releases| std::fs::read_dir(releases).ok());
    for path in others.into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let process = name.rsplit('-').next().and_then(|number| number.parse().ok());
        let process = process.and_then(rustix::process::Pid::from_raw);
        // Without a permission to send a signal to it, it exists.
        let ended = |process| rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH);
        if process.is_some_and(ended) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

impl OpenRelease {
    fn open(path: &Path, settings: &Settings, unverified: bool) -> Result<Self, CommandError> {
        let found = mighost_release::open(path).map_err(SigningError::from)?;
        let signers = match unverified {
            true => Vec::new(),
            false => found.signers().map_err(SigningError::from)?,
        };
        let release = found.read().map_err(SigningError::from)?;
        let state = context::state_folder(&settings.root);
        Ok(Self {
            path: path.to_owned(),
            signers,
            predicate: release.predicate.clone(),
            // Of this run alone: another one may run the same release at the same time.
            folder: state
                .join("releases")
                .join(format!("{}-{}", release.digest.short(), std::process::id())),
            release: Mutex::new(release),
            unpacked: Mutex::new(None),
            unverified,
            accepted: Mutex::new(None),
        })
    }
}

/// What accepts a release for every set of branches; the last one, with whose signers the run is recorded.
fn judge(
    policy: &Policy,
    label: &str,
    open: &OpenRelease,
    sets: BTreeSet<BTreeSet<&str>>,
) -> Result<Option<Accepted>, Box<Refusal>> {
    let digests = digests_of(
        &open.predicate,
        open.release.lock().unwrap_or_else(PoisonError::into_inner).digest,
    );
    let mut accepted = None;
    for labels in sets {
        let branches: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        let subject = Subject {
            namespace: namespace::RELEASE,
            project: Some(&open.predicate.project),
            database: Some(label),
            branches: &branches,
            digests: &digests,
        };
        accepted = Some(policy.judge(&subject, &open.signers, time::now())?);
    }
    Ok(accepted)
}
