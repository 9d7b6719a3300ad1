//! Results of tests: for users, and in formats for other programs.

mod human;
mod junit;
mod progress;
mod tap;

pub use human::{difference, list, report};
pub use junit::junit;
pub use progress::TestProgress;
pub use tap::tap;
