//! Releases: a project's artifacts in one file, whose manifest is signed. Nothing in it can be swapped, added or left out.

mod archive;
mod branches;
mod build;
mod error;
mod layout;
pub mod manifest;
mod open;
mod unpack;

pub use archive::ArchiveError;
pub use build::Draft;
pub use error::ReleaseError;
pub use manifest::{ManifestError, Predicate};
pub use open::{Release, UnverifiedRelease, open};
