//! Tests of plugins and migrations: cases without a database, and with a throw-away one.

pub mod history;
pub mod report;

pub use report::{CaseKind, CaseResult, Difference, Failure, Outcome, Place, Progress, Subject, SuiteReport};
