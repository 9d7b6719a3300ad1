//! Where the policy comes from. Never from the project, a release or the working folder: their author would decide about themselves.

use std::path::{Path, PathBuf};

use super::{Policy, PolicyError};

/// The variable that names a policy.
pub const VARIABLE: &str = "MIGHOST_TRUST";

/// The policy of the machine.
const DEFAULT: &str = "/etc/mighost/trust.toml";

/// The places of a policy, the first one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySource {
    /// `--trust FILE`, absolute.
    pub option: Option<PathBuf>,
    /// The value of [`VARIABLE`]; empty counts as unset.
    pub variable: Option<PathBuf>,
}

impl PolicySource {
    /// The policy; `None` if no option or variable names one and the machine has none.
    ///
    /// # Errors
    /// If it cannot be read or trusted. A policy that is named and does not exist is an error.
    pub fn find(&self) -> Result<Option<Policy>, PolicyError> {
        let variable = self.variable.as_ref().filter(|path| !path.as_os_str().is_empty());
        if let Some(path) = self.option.as_ref().or(variable) {
            return Policy::read(path).map(Some);
        }
        let default = Path::new(DEFAULT);
        // Not `exists`, which is false if a folder cannot be searched.
        match default.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            _ => Policy::read(default).map(Some),
        }
    }

    /// The policy, which has to exist.
    ///
    /// # Errors
    /// As for [`find`](Self::find); if there is none.
    pub fn required(&self) -> Result<Policy, PolicyError> {
        self.find()?.ok_or_else(|| PolicyError::None {
            default: DEFAULT.into(),
        })
    }
}
