//! `mighost inspect`: describes a `.wasm` file, without running it.

use super::{CommandError, Project};
use mighost_artifact::inspect::{Inspection, inspect};
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    /// Print only the component's WIT.
    pub wit: bool,
}

/// Inspects the file.
///
/// # Errors
/// If it cannot be read, is not a component, or its metadata is malformed.
pub fn run(project: &Project, request: &InspectRequest) -> Result<Inspection, CommandError> {
    Ok(inspect(&project.directory.join(&request.file))?)
}
