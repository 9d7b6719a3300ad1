//! `mighost inspect`: what a `.wasm` file is, without running it.

use super::{CommandError, Project};
use mighost_artifact::inspect::{Inspection, inspect};
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    /// Print the component's WIT and nothing else.
    pub wit: bool,
}

/// Looks at the file.
///
/// # Errors
/// It cannot be read, is not a component, or its metadata is malformed.
pub fn run(project: &Project, request: &InspectRequest) -> Result<Inspection, CommandError> {
    Ok(inspect(&project.directory.join(&request.file))?)
}
