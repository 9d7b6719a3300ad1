//! `mighost list-templates`: what `mighost revision --template` takes.

use std::path::PathBuf;

use super::revision::template;
use super::{CommandError, Project};

/// A template, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TemplateReport {
    pub name: String,
    pub description: String,
    /// Taken where `--template` names none.
    pub default: bool,
    /// The project's folder of it; none where it is mighost's own alone.
    pub folder: Option<PathBuf>,
    /// What it writes, relative to the revision's folder.
    pub files: Vec<String>,
}

/// mighost's own templates, then the project's.
///
/// # Errors
/// Configuration; a template that cannot be read.
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
