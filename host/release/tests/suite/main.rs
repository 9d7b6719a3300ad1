//! Releases that are built, opened, and tampered with.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

mod archives;
mod building;
mod manifests;
mod shop;
mod tampering;
