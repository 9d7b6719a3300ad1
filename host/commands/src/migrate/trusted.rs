//! What has to be true before code of others runs: the release is signed, the policy allows it, the database has not seen a later one.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mighost_artifact::ProjectArtifacts;
use mighost_config::Settings;
use mighost_core::{DatabaseUrl, Event, Level as EventLevel, Reporter};
use mighost_graph::Plan;
use mighost_postgres::{DatabaseState, ReleaseRecord};
use mighost_release::{Predicate, Release};
use mighost_trust::policy::{self, Accepted, Refusal, Subject};
use mighost_trust::time::{self, UnixTime};
use mighost_trust::{Level, Policy, Signer, namespace};

use crate::context::{self, ProjectHistory};
use crate::signatures::{SigningError, digests_of};
use crate::{CommandError, Project, RunOptions};

/// The level in the record of a run that no policy allowed.
const UNVERIFIED: &str = "unverified";

/// How far the clock of this machine may be behind that of the server, in seconds. Clocks differ, and zones are set wrongly.
const CLOCK: UnixTime = 24 * 60 * 60;

/// How the names end of files that say that a folder is in use.
const MARK: &str = "in-use";

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

/// A folder of this run alone, which is removed with it. Another run may unpack the same release at the same time, on another machine
/// too, and so process ids do not tell which of them have ended: each holds the lock of a file beside its folder.
struct Unpacked {
    folder: PathBuf,
    mark: PathBuf,
    _lock: File,
}

impl Unpacked {
    /// Marks `folder` as in use, after the folders of runs that were killed have been removed beside it.
    fn begin(folder: &Path) -> std::io::Result<Self> {
        let releases = folder.parent().unwrap_or(folder);
        std::fs::create_dir_all(releases)?;
        // Nobody looks for locks that can be taken while one is made and not taken yet.
        let guard = File::create(releases.join("lock"))?;
        guard.lock()?;
        for entry in std::fs::read_dir(releases)?.flatten() {
            let mark = entry.path();
            let ended = mark.extension().is_some_and(|ending| ending == MARK)
                && File::open(&mark).is_ok_and(|file| file.try_lock().is_ok());
            if ended {
                let _ = std::fs::remove_dir_all(mark.with_extension(""));
                let _ = std::fs::remove_file(mark);
            }
        }
        let mark = folder.with_extension(MARK);
        let lock = File::create_new(&mark)?;
        lock.lock()?;
        Ok(Self {
            folder: folder.to_owned(),
            mark,
            _lock: lock,
        })
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // What remains is removed by a later run.
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_file(&self.mark);
    }
}

impl Gate {
    /// Reads the policy and, if the run is one of a release, verifies its signatures.
    ///
    /// # Errors
    /// If the release has no policy to judge it, cannot be read, or its signatures do not hold.
    pub fn open(project: &Project, settings: &Settings, options: &RunOptions) -> Result<Self, CommandError> {
        let mut source = options.trust.clone();
        if source.variable.is_none() {
            source.variable = project.environment.get(policy::VARIABLE).map(PathBuf::from);
        }
        let policy = match (&options.release, options.unverified) {
            (Some(_), false) => Some(source.required().map_err(SigningError::Unjudged)?),
            _ => source.find().map_err(SigningError::from)?,
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
            let begun = Unpacked::begin(&open.folder).map_err(SigningError::write(&open.folder))?;
            *unpacked = Some(begun);
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

impl OpenRelease {
    fn open(path: &Path, settings: &Settings, unverified: bool) -> Result<Self, CommandError> {
        let found = mighost_release::open(path).map_err(SigningError::from)?;
        let signers = match unverified {
            true => Vec::new(),
            false => found.signers().map_err(SigningError::from)?,
        };
        let release = found.read().map_err(SigningError::from)?;
        let state = context::state_folder(&settings.root);
        let number = RandomState::new().build_hasher().finish();
        Ok(Self {
            path: path.to_owned(),
            signers,
            predicate: release.predicate.clone(),
            folder: state.join("releases").join(format!("{number:016x}")),
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
