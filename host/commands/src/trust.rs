//! `mighost trust`: writes and explains the operator's policy.

mod check;
mod init;
mod show;

use std::path::PathBuf;

use mighost_trust::policy::PolicySource;
use mighost_trust::time::UnixTime;

pub use check::{CheckReport, LabelVerdict, check};
pub use init::{InitReport, init};
pub use show::{KeyReport, ShowReport, show};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustRequest {
    /// Write a policy into this folder, absolute.
    Init { folder: PathBuf },
    /// Show what the policy allows.
    Show { trust: PolicySource },
    /// Show what the policy says about a file, for each database.
    Check {
        /// Relative to the working folder.
        file: PathBuf,
        trust: PolicySource,
        project: Option<String>,
        /// The time to judge at; `None` for now.
        at: Option<UnixTime>,
    },
}
