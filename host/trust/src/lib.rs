//! Whose code may touch which database: signatures, signers, and the operator's policy.
//!
//! Keys and signatures are those of OpenSSH. Verifying needs no other program. Every parser here reads bytes that are not verified yet: it
//! has limits and never panics.

pub mod allowed_signers;
pub mod certificate;
pub mod key;
mod pattern;
pub mod policy;
mod raw_signature;
pub mod revoked;
pub mod sign;
pub mod sshsig;
pub mod time;
mod wire;

pub use allowed_signers::{AllowedSigners, NotAllowed};
pub use key::Key;
pub use policy::{Level, Policy, PolicyError};
pub use raw_signature::RawSignatureError;
pub use revoked::RevokedKeys;
pub use sshsig::{SignatureError, Signer};

/// What a signature was made for. One that was made for another purpose, e.g. by git, does not count.
pub mod namespace {
    /// A single artifact.
    pub const ARTIFACT: &str = "mighost-artifact";
    /// The manifest of a release.
    pub const RELEASE: &str = "mighost-release";
}
