//! `mighost inspect`: what a `.wasm` file is, without running it.

use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    /// Print the component's WIT and nothing else.
    pub wit: bool,
}
