//! Asks Alembic itself for the data of a project, if it is installed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::TakeOverError;
use mighost_config::Environment;
use mighost_core::{Event, Level, Reporter};

const SCRIPT: &str = concat!(
    include_str!("alembic.py"),
    include_str!("watch.py"),
    include_str!("bind.py"),
    "main(sys.argv[1], sys.argv[2], sys.argv[3:])\n"
);

/// The maximum size of an answer, in bytes.
const MAX_ANSWER: u64 = 512 * 1024 * 1024;

/// The Python to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Python {
    /// The one of the active or a neighbouring virtual environment, otherwise `python3`, if it has Alembic.
    #[default]
    Find,
    /// This one, which must have Alembic.
    Named(PathBuf),
    /// None: no code of the project is run.
    Never,
}

/// The output of the script.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// Alembic's version.
    pub alembic: String,
    pub locations: Vec<PathBuf>,
    pub script_location: PathBuf,
    pub revisions: Vec<AnsweredRevision>,
    /// The reason why env.py did not complete.
    pub environment_error: Option<String>,
    pub version_table: Option<String>,
    pub version_table_schema: Option<String>,
    pub dialect: Option<String>,
    /// The number of times that env.py ran the migrations: several if it has several databases.
    pub runs: u32,
    /// Statements that env.py itself sends.
    pub statements: Vec<String>,
    /// env.py has functions for `on_version_apply`.
    pub callbacks: bool,
    #[serde(default)]
    pub rendered: BTreeMap<String, BTreeMap<String, Rendered>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AnsweredRevision {
    pub file: PathBuf,
    pub revision: String,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
    pub doc: String,
}

/// The offline result of a revision's `upgrade` or `downgrade`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rendered {
    pub sql: String,
    /// The reason why `sql` may not be what it does.
    pub why: Option<String>,
    /// The reason why it fails with any database: a downgrade that is not possible.
    pub one_way: Option<String>,
    /// It left Alembic's transaction for some statements.
    pub autocommit: bool,
}

/// Asks Alembic. `None` if there is no Python with it; `notes` then contain the reason.
pub(super) fn ask(
    python: &Python,
    ini: &Path,
    section: &str,
    extra: &[String],
    environment: &Environment,
    reporter: &dyn Reporter,
    notes: &mut Vec<String>,
) -> Result<Option<Answer>, TakeOverError> {
    let folder = ini.parent().unwrap_or(Path::new("/"));
    let (candidates, named) = match python {
        Python::Never => {
            notes.push("Python was not run (--no-python), so no code is taken over".into());
            return Ok(None);
        }
        Python::Named(path) => (vec![path.clone()], true),
        Python::Find => (found(folder, environment), false),
    };
    let mut reasons = Vec::new();
    for candidate in candidates {
        let text = format!(
            "running Alembic with {}, which runs the project's env.py",
            candidate.display()
        );
        reporter.report(Event::Note {
            level: Level::Info,
            text,
        });
        match run(&candidate, ini, section, extra, environment) {
            Ok(answer) => return Ok(Some(answer)),
            Err(Failed::NoAlembic) if !named => reasons.push(format!("{} has no Alembic", candidate.display())),
            Err(Failed::NoAlembic) => return Err(TakeOverError::NoAlembic { python: candidate }),
            Err(Failed::Loading(reason)) if named => {
                return Err(TakeOverError::Loading {
                    python: candidate,
                    reason,
                });
            }
            Err(Failed::Loading(reason)) => {
                reasons.push(format!("{}: {reason}", candidate.display()));
                break;
            }
        }
    }
    notes.push(format!(
        "Alembic could not be used, so no code is taken over, and the revisions were read from their files ({}); pass \
         the Python that runs the project with --python",
        reasons.join("; ")
    ));
    Ok(None)
}

/// The Pythons that may belong to the project.
fn found(folder: &Path, environment: &Environment) -> Vec<PathBuf> {
    let active = environment.get("VIRTUAL_ENV").filter(|value| !value.is_empty());
    let beside = folder
        .ancestors()
        .take(2)
        .flat_map(|folder| [".venv", "venv", "env"].map(|name| folder.join(name)));
    let mut candidates: Vec<PathBuf> = active
        .map(PathBuf::from)
        .into_iter()
        .chain(beside)
        .map(|folder| folder.join("bin/python"))
        .filter(|path| path.is_file())
        .collect();
    candidates.push("python3".into());
    candidates
}

enum Failed {
    NoAlembic,
    Loading(String),
}

fn run(
    python: &Path,
    ini: &Path,
    section: &str,
    extra: &[String],
    environment: &Environment,
) -> Result<Answer, Failed> {
    let loading = |error: &dyn std::fmt::Display| Failed::Loading(error.to_string());
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(ini)
        .arg(section)
        .args(extra)
        .current_dir(ini.parent().unwrap_or(Path::new("/")))
        .env_clear()
        .envs(environment)
        // The project's folders are not changed.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failed::NoAlembic,
            _ => loading(&error),
        })?;
    // Both are read concurrently: env.py may log more than fits into a pipe.
    let stderr = child.stderr.take();
    let log = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(MAX_ANSWER).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout
            .take(MAX_ANSWER)
            .read_to_end(&mut answer)
            .map_err(|error| loading(&error))?;
    }
    let status = child.wait().map_err(|error| loading(&error))?;
    let log = log.join().unwrap_or_default();
    if !status.success() {
        if log.contains("NO ALEMBIC: ") {
            return Err(Failed::NoAlembic);
        }
        let last = log
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let last = last.trim_start_matches("CANNOT LOAD: ");
        return Err(Failed::Loading(format!("Alembic cannot load the project: {last}")));
    }
    serde_json::from_slice(&answer).map_err(|error| Failed::Loading(format!("its answer cannot be read: {error}")))
}
