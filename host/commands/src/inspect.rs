//! `mighost inspect`: describes a `.wasm` file, without running it.

use std::path::PathBuf;

use serde::Serialize;

use super::signatures::{self, SignerReport, SigningError};
use super::{CommandError, Project};
use mighost_artifact::inspect::{Inspection, inspect};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    /// Print only the component's WIT.
    pub wit: bool,
}

/// A file and its signatures.
#[derive(Debug, Serialize)]
pub struct InspectReport {
    #[serde(flatten)]
    pub inspection: Inspection,
    /// Whose signatures hold; whether they count is for the policy to say.
    pub signers: Vec<SignerReport>,
    /// Why signatures do not hold.
    pub signature_error: Option<String>,
}

/// Inspects the file.
///
/// # Errors
/// If it cannot be read, is not a component, or its metadata is malformed.
pub fn run(project: &Project, request: &InspectRequest) -> Result<InspectReport, CommandError> {
    let path = project.directory.join(&request.file);
    let inspection = inspect(&path)?;
    let (signers, signature_error) = match signatures::signers(&path) {
        Ok(signers) => (signers.iter().map(SignerReport::from).collect(), None),
        // A file can be looked at, whatever its signatures are.
        Err(error @ SigningError::Signature { .. }) => (Vec::new(), Some(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    Ok(InspectReport {
        inspection,
        signers,
        signature_error,
    })
}
