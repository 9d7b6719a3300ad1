//! `mighost list-templates`: the templates for `mighost revision --template`.

use std::path::PathBuf;

use super::revision::template;
use super::{CommandError, Project};

/// A template, for users and programs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TemplateReport {
    pub name: String,
    pub description: String,
    /// Whether it is the default for `--template`.
    pub default: bool,
    /// The project's folder of it; `None` if it is only mighost's own.
    pub folder: Option<PathBuf>,
    /// The files that it writes, relative to the revision's folder.
    pub files: Vec<String>,
}

/// mighost's own templates, followed by the project's.
///
/// # Errors
/// If the configuration is invalid, or a template cannot be read.
pub fn run(project: &Project) -> Result<Vec<TemplateReport>, CommandError> {
    let settings = project.project_settings()?.revision;
    let templates = template::all(&settings.templates)?;
    let report = |template: template::Template| TemplateReport {
        default: template.name == settings.template,
        files: template.files().map(str::to_owned).collect(),
        name: template.name,
        description: template.description,
        folder: template.folder,
    };
    Ok(templates.into_iter().map(report).collect())
}
