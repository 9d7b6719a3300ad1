//! Signatures and signers, compared with a real ssh-keygen.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

mod bench;
mod hostile;
mod policies;
mod policy_files;
mod refusals;
mod signing;
mod stricter;
mod verdicts;
