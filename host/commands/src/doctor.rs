//! `mighost doctor`: the state of each language, the embedded server and the caches on this machine.

use std::path::PathBuf;

use super::{CommandError, Project, context};
use mighost_build::toolchain::{ToolStatus, ToolchainError, Toolchains, size_of};
use mighost_build::{Driver, look_for_rust};
use mighost_config::{ConfigError, ToolchainSettings};
use mighost_core::{DatabaseUrl, EmbeddedSettings, Reporter};
use mighost_postgres::embedded;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoctorRequest {
    /// Languages whose tools are installed now, as in `build = "..."`; `all` for all.
    pub install: Vec<String>,
}

/// Whether a language can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    Ready,
    /// The first build installs missing tools.
    Installable,
    Lacking,
}

/// One language, i.e. a build driver.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LanguageReport {
    /// Its name in `build = "..."`.
    pub driver: &'static str,
    pub language: &'static str,
    pub readiness: Readiness,
    /// The compiler's version, if it is that of the system.
    pub version: Option<String>,
    pub tools: Vec<ToolStatus>,
    pub problem: Option<String>,
    pub hint: Option<String>,
}

/// A folder of mighost.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FolderReport {
    pub what: &'static str,
    pub path: PathBuf,
    /// The size, in bytes; `None` if it does not exist.
    pub size: Option<u64>,
}

/// The embedded server's programs.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ServerReport {
    pub version: Option<String>,
    pub folder: Option<PathBuf>,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct DoctorReport {
    pub languages: Vec<LanguageReport>,
    pub server: ServerReport,
    pub folders: Vec<FolderReport>,
}

/// Examines the machine, after installing what was requested. Outside a project, the working folder counts as one.
///
/// # Errors
/// If the configuration is invalid, a language is unknown, or tools cannot be installed.
pub fn run(project: &Project, request: &DoctorRequest, reporter: &dyn Reporter) -> Result<DoctorReport, CommandError> {
    let (root, settings) = match project.project_settings() {
        Ok(settings) => (settings.root, settings.toolchains),
        Err(ConfigError::NotFound { .. }) => {
            let settings = ToolchainSettings::outside(&project.directory, &project.environment);
            (project.directory.clone(), settings)
        }
        Err(error) => return Err(error.into()),
    };
    let toolchains = Toolchains::new(settings);
    for driver in drivers(&request.install)? {
        for tool in driver.tools() {
            toolchains.require(tool, reporter)?;
        }
        for (package, what) in driver.packages() {
            match toolchains.require_package(package, what, reporter) {
                // The build then downloads it in another way.
                Ok(_) | Err(ToolchainError::NoClient { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let languages = Driver::ALL.into_iter().map(|driver| language(driver, &toolchains));
    let state = context::state_folder(&root);
    let folders = [
        ("toolchains", toolchains.folder().to_owned()),
        ("what was built", state.join("build")),
    ];
    Ok(DoctorReport {
        languages: languages.collect(),
        server: server(project),
        folders: folders
            .into_iter()
            .map(|(what, path)| FolderReport {
                what,
                size: path.is_dir().then(|| size_of(&path)),
                path,
            })
            .collect(),
    })
}

/// The drivers in `names`.
fn drivers(names: &[String]) -> Result<Vec<Driver>, CommandError> {
    let mut drivers = Vec::new();
    for name in names {
        if name == "all" {
            drivers.extend(Driver::ALL);
            continue;
        }
        let known = |driver: &Driver| driver.name() == name || driver.language().eq_ignore_ascii_case(name);
        match Driver::ALL.into_iter().find(known) {
            Some(driver) => drivers.push(driver),
            None => {
                return Err(CommandError::UnknownLanguage {
                    name: name.clone(),
                    known: Driver::ALL.map(Driver::name).to_vec(),
                });
            }
        }
    }
    Ok(drivers)
}

fn language(driver: Driver, toolchains: &Toolchains) -> LanguageReport {
    let mut tools: Vec<ToolStatus> = driver.tools().iter().map(|tool| toolchains.look(tool)).collect();
    let packages = driver.packages().iter();
    tools.extend(packages.map(|(package, what)| toolchains.look_for_package(package, what)));
    let mut report = LanguageReport {
        driver: driver.name(),
        language: driver.language(),
        readiness: Readiness::Ready,
        version: None,
        problem: tools.iter().find_map(|tool| tool.problem.clone()),
        hint: tools.iter().find_map(|tool| tool.hint.clone()),
        tools,
    };
    if driver == Driver::Rust {
        match look_for_rust() {
            Ok(version) => report.version = Some(version),
            Err((problem, hint)) => (report.problem, report.hint) = (Some(problem), Some(hint)),
        }
    }
    if report.problem.is_some() {
        report.readiness = Readiness::Lacking;
    } else if report.tools.iter().any(|tool| tool.installable) {
        report.readiness = Readiness::Installable;
    }
    report
}

/// The programs for the selected database, or for any embedded one.
fn server(project: &Project) -> ServerReport {
    let any = EmbeddedSettings {
        bin_dir: None,
        version: None,
        fetch: false,
        data_dir: PathBuf::new(),
    };
    let settings = match project.settings() {
        Ok(settings) if settings.url == DatabaseUrl::Embedded => settings.embedded,
        _ => any,
    };
    let fetches = settings.fetch;
    match embedded::look_for_programs(&settings, &context::connect_environment(&project.environment)) {
        Ok(programs) => ServerReport {
            version: Some(programs.version),
            folder: Some(programs.bin_dir),
            problem: None,
        },
        Err(_) if fetches => ServerReport {
            version: None,
            folder: None,
            problem: Some("not installed; downloaded on the first start".into()),
        },
        Err(error) => ServerReport {
            version: None,
            folder: None,
            problem: Some(error.to_string()),
        },
    }
}
