//! The tests of a project: finds the files beside its plugins and migrations, and selects among them.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::Spanned;

use super::TestProject;
use super::case::{FileError, TestFile, line_of};
use super::component::Component;
use super::report::{CaseKind, Place, Subject};
use super::roundtrip::HistoryError;
use mighost_artifact::{LoadedPlugin, TEST_MANIFEST};
use mighost_core::nearest;
use mighost_runtime::RuntimeError;

/// The folder of tests, beside the code.
const FOLDER: &str = "tests";
/// The maximum depth of nested folders of tests.
const MAX_DEPTH: usize = 8;
/// Rows for `--history`, beside the tests.
const SEED: &str = "seed.sql";

#[derive(Debug, thiserror::Error)]
pub enum TestError {
    #[error("this project has no plugin, revision or test file {name}")]
    Unknown { name: String, near: Option<String> },
    #[error("{name} is ambiguous: it matches the revisions {}", .several.join(", "))]
    Ambiguous { name: String, several: Vec<String> },
    #[error("no tests found in {}", .0.join(", "))]
    NoTests(Vec<String>),
    #[error("no test has {} in its name; there are {of} tests", .filters.join(" or "))]
    NoMatch { filters: Vec<String>, of: usize },
    #[error("the tests folder {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("cannot start the test threads: {0}")]
    Threads(std::io::Error),
}

impl TestError {
    /// The hint.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { near: Some(near), .. } => Some(format!("did you mean {near}?")),
            Self::NoTests(_) => Some(
                "tests are TOML files next to the code, plugins/NAME/tests/*.toml and \
                 migrations/REVISION/tests/*.toml: see docs/testing.md"
                    .into(),
            ),
            Self::Ambiguous { .. } => Some("type more of the id".into()),
            Self::NoMatch { .. } => Some("run `mighost test --list` to see their names".into()),
            Self::Runtime(error) => error.hint(),
            _ => None,
        }
    }
}

/// A file of tests.
pub(super) struct File {
    pub subject: Subject,
    pub path: PathBuf,
    /// Relative to the project's folder.
    pub shown: PathBuf,
    pub content: Content,
}

pub(super) enum Content {
    Cases {
        file: Box<TestFile>,
        text: String,
    },
    Broken(FileError),
    PgTap(String),
    Component(Box<Component>),
    /// A component that is not a test, or fails before it has returned its cases.
    NoComponent(String),
}

/// A case of a suite: its file, and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub file: usize,
    pub kind: CaseKind,
    pub number: usize,
}

/// The selected tests.
pub struct Suite {
    pub(super) files: Vec<File>,
    pub(super) jobs: Vec<Job>,
    /// Whether only a part of the project was selected.
    partial: bool,
}

/// A case in the output of `--list`.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    pub subject: Subject,
    pub name: String,
    pub kind: CaseKind,
    pub place: Place,
}

impl Suite {
    /// The tests of the plugins, revisions (or prefixes of their ids), files or folders relative to `directory` in `select`; by default
    /// those of the whole project. Of those, the ones whose name contains one of `filters`.
    ///
    /// # Errors
    /// If a name does not exist, or there are no tests.
    pub fn find(
        project: &TestProject,
        directory: &Path,
        select: &[String],
        filters: &[String],
    ) -> Result<Self, TestError> {
        let subjects = subjects(project);
        let wanted = select
            .iter()
            .map(|name| wanted(project, &subjects, directory, name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut suite = Self {
            files: Vec::new(),
            jobs: Vec::new(),
            partial: !select.is_empty(),
        };
        for (subject, folder) in &subjects {
            for path in files(&folder.join(FOLDER), MAX_DEPTH)? {
                let means = |wanted: &Wanted| match wanted {
                    Wanted::Plugin(name) => name == subject,
                    Wanted::Below(place) => path.starts_with(place),
                    Wanted::Revision { .. } => false,
                };
                if wanted.is_empty() || wanted.iter().any(means) {
                    suite.add(project, subject, folder, path);
                } else if wanted.iter().any(|wanted| wanted.is_in(folder)) {
                    // Only the file names its revision, if the folder has several.
                    let jobs = suite.jobs.len();
                    suite.add(project, subject, folder, path);
                    let found = suite.files.last().map(|file| &file.subject);
                    if !wanted.iter().any(|wanted| wanted.is_revision(found)) {
                        suite.files.pop();
                        suite.jobs.truncate(jobs);
                    }
                }
            }
        }
        for test in &project.tests {
            let subject = subjects.iter().find(|(_, folder)| test.place.starts_with(folder));
            let Some((subject, folder)) = subject else { continue };
            let means = |wanted: &Wanted| match wanted {
                Wanted::Plugin(name) => name == subject,
                Wanted::Below(place) => test.place.starts_with(place),
                Wanted::Revision { .. } => wanted.is_in(folder),
            };
            if wanted.is_empty() || wanted.iter().any(means) {
                suite.add_component(project, subject, test);
            }
        }
        if suite.jobs.is_empty() {
            let places = match select {
                [] => vec![project.settings.root.display().to_string()],
                select => select.to_vec(),
            };
            return Err(TestError::NoTests(places));
        }
        if filters.is_empty() {
            return Ok(suite);
        }
        let of = suite.jobs.len();
        let lower: Vec<String> = filters.iter().map(|filter| filter.to_lowercase()).collect();
        let kept = suite.jobs.iter().copied().filter(|job| {
            let Some(listed) = suite.listed(*job) else {
                return false;
            };
            let title = format!("{}: {} {}", listed.subject, listed.name, listed.place.file.display()).to_lowercase();
            lower.iter().any(|filter| title.contains(filter))
        });
        suite.jobs = kept.collect();
        if suite.jobs.is_empty() {
            let filters = filters.to_vec();
            return Err(TestError::NoMatch { filters, of });
        }
        Ok(suite)
    }

    /// Whether the tests of `subject` are selected.
    pub(super) fn means(&self, subject: &Subject) -> bool {
        !self.partial || self.files.iter().any(|file| file.subject == *subject)
    }

    /// Every case, in the order of the files.
    pub fn list(&self) -> Vec<Listed> {
        self.jobs.iter().filter_map(|job| self.listed(*job)).collect()
    }

    fn add(&mut self, project: &TestProject, subject: &Subject, folder: &Path, path: PathBuf) {
        let shown = path.strip_prefix(&project.settings.root).unwrap_or(&path).to_owned();
        let job = |kind| {
            let file = self.files.len();
            move |number| Job { file, kind, number }
        };
        let mut subject = subject.clone();
        let content = if path.extension().is_some_and(|extension| extension == "sql") {
            self.jobs.push(job(CaseKind::PgTap)(0));
            match fs::read_to_string(&path) {
                Ok(text) => Content::PgTap(text),
                Err(error) => Content::Broken(FileError::unreadable(&shown, error.to_string())),
            }
        } else {
            match TestFile::read(&path, &shown) {
                Ok((file, text))
                    if file
                        .revision
                        .as_ref()
                        .is_some_and(|named| !holds(project, &subject, folder, named)) =>
                {
                    self.jobs.push(job(CaseKind::Isolated)(0));
                    let span = file.revision.map_or(0..0, |named| named.span());
                    let what = "there is no revision with this id in this folder";
                    Content::Broken(FileError::at(&shown, &text, span, what))
                }
                Ok((file, text)) => {
                    if let (Subject::Revision(own), Some(named)) = (&mut subject, &file.revision) {
                        own.clone_from(named.get_ref());
                    }
                    self.jobs.extend((0..file.cases.len()).map(job(CaseKind::Isolated)));
                    self.jobs.extend((0..file.databases.len()).map(job(CaseKind::Database)));
                    Content::Cases {
                        file: Box::new(file),
                        text,
                    }
                }
                Err(error) => {
                    self.jobs.push(job(CaseKind::Isolated)(0));
                    Content::Broken(error)
                }
            }
        };
        self.files.push(File {
            subject,
            path,
            shown,
            content,
        });
    }

    fn add_component(&mut self, project: &TestProject, subject: &Subject, test: &LoadedPlugin) {
        let read = project.registry.test(test);
        let content = match read.and_then(|guest| Component::read(project, guest)) {
            Ok(component) => Content::Component(Box::new(component)),
            Err(error) => Content::NoComponent(error.to_string()),
        };
        let file = self.files.len();
        let cases = match &content {
            Content::Component(component) => component.cases.len(),
            _ => 1,
        };
        self.jobs.extend((0..cases).map(|number| Job {
            file,
            kind: CaseKind::Component,
            number,
        }));
        self.files.push(File {
            subject: subject.clone(),
            path: test.place.clone(),
            shown: test
                .place
                .strip_prefix(&project.settings.root)
                .unwrap_or(&test.place)
                .to_owned(),
            content,
        });
    }

    pub(super) fn listed(&self, job: Job) -> Option<Listed> {
        let file = self.files.get(job.file)?;
        let (name, line) = match &file.content {
            Content::Cases { file, text } => {
                let name = match job.kind {
                    CaseKind::Database => &file.databases.get(job.number)?.name,
                    _ => &file.cases.get(job.number)?.name,
                };
                (name.get_ref().clone(), Some(line_of(text, name.span())))
            }
            Content::Broken(error) => ("the file".to_owned(), error.place.map(|(line, _)| line)),
            Content::Component(component) => (component.cases.get(job.number)?.clone(), None),
            Content::NoComponent(_) => ("the component".to_owned(), None),
            Content::PgTap(_) => {
                let name = file.path.file_name().unwrap_or_default();
                (name.to_string_lossy().into_owned(), None)
            }
        };
        Some(Listed {
            subject: file.subject.clone(),
            name,
            kind: job.kind,
            place: Place {
                file: file.shown.clone(),
                line,
            },
        })
    }

    /// The texts of the files with cases, by path.
    pub(super) fn sources(&self) -> BTreeMap<PathBuf, String> {
        let texts = self.files.iter().filter_map(|file| match &file.content {
            Content::Cases { text, .. } => Some((file.path.clone(), text.clone())),
            _ => None,
        });
        texts.collect()
    }
}

/// The meaning of a name on the command line.
enum Wanted {
    Plugin(Subject),
    Revision { id: String, folder: PathBuf },
    Below(PathBuf),
}

impl Wanted {
    fn is_in(&self, place: &Path) -> bool {
        matches!(self, Self::Revision { folder, .. } if folder == place)
    }

    fn is_revision(&self, subject: Option<&Subject>) -> bool {
        matches!((self, subject), (Self::Revision { id, .. }, Some(Subject::Revision(other))) if id == other)
    }
}

/// Whether `folder` contains the revision that a file names.
fn holds(project: &TestProject, subject: &Subject, folder: &Path, named: &Spanned<String>) -> bool {
    matches!(subject, Subject::Revision(_)) && project.loaded.place(named.get_ref()) == Some(folder)
}

/// Plugins and migrations with their source folders. If a folder contains several revisions, the first represents it.
fn subjects(project: &TestProject) -> Vec<(Subject, PathBuf)> {
    let plugins = project.loaded.plugins.iter().map(|plugin| {
        let subject = Subject::Plugin(plugin.metadata.name.clone());
        (subject, plugin.place.clone())
    });
    let mut subjects: Vec<_> = plugins.collect();
    subjects.sort();
    let mut known: HashSet<PathBuf> = subjects.iter().map(|(_, place)| place.clone()).collect();
    for (revision, _) in project.loaded.revisions() {
        if let Some(place) = project.loaded.place(&revision.revision)
            && known.insert(place.to_owned())
        {
            subjects.push((Subject::Revision(revision.revision.clone()), place.to_owned()));
        }
    }
    subjects.retain(|(_, place)| place.is_dir());
    subjects
}

fn wanted(
    project: &TestProject,
    subjects: &[(Subject, PathBuf)],
    directory: &Path,
    name: &str,
) -> Result<Wanted, TestError> {
    let path = directory.join(name);
    if name.contains(['/', '.'])
        && let Ok(path) = path.canonicalize()
    {
        return Ok(Wanted::Below(path));
    }
    let plugin = Subject::Plugin(name.to_owned());
    if subjects.iter().any(|(subject, _)| *subject == plugin) {
        return Ok(Wanted::Plugin(plugin));
    }
    let folder = subjects
        .iter()
        .find(|(_, place)| place.file_name().is_some_and(|folder| folder == name));
    if let Some((_, folder)) = folder {
        return Ok(Wanted::Below(folder.clone()));
    }
    let ids: Vec<&str> = project
        .loaded
        .revisions()
        .map(|(revision, _)| revision.revision.as_str())
        .collect();
    let exact = ids.iter().filter(|id| **id == name);
    let begin = ids.iter().filter(|id| !name.is_empty() && id.starts_with(name));
    let several: Vec<&str> = match exact.copied().collect::<Vec<_>>() {
        exact if exact.is_empty() => begin.copied().collect(),
        exact => exact,
    };
    match several.as_slice() {
        [id] => {
            let folder = project.loaded.place(id).unwrap_or(Path::new("")).to_owned();
            Ok(Wanted::Revision {
                id: (*id).to_owned(),
                folder,
            })
        }
        [] => {
            let plugins = subjects.iter().filter_map(|(subject, _)| match subject {
                Subject::Plugin(name) => Some(name.as_str()),
                _ => None,
            });
            Err(TestError::Unknown {
                name: name.to_owned(),
                near: nearest(name, plugins.chain(ids.iter().copied())).map(str::to_owned),
            })
        }
        several => Err(TestError::Ambiguous {
            name: name.to_owned(),
            several: several.iter().map(|id| (*id).to_owned()).collect(),
        }),
    }
}

/// The test files in a folder and below it, by name. A folder that does not exist has none.
fn files(folder: &Path, depth: usize) -> Result<Vec<PathBuf>, TestError> {
    let failed = |source| TestError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let component = path.join(TEST_MANIFEST).is_file();
        if path.is_dir() && depth > 0 && !hidden && !component {
            found.extend(files(&path, depth - 1)?);
        } else if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "toml" || extension == "sql")
            && !hidden
            && path.file_name().is_none_or(|name| name != SEED)
        {
            found.push(path);
        }
    }
    Ok(found)
}
