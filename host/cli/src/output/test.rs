//! Results of tests: for people, and in the formats that other programs read.

mod human;
mod junit;
mod progress;
mod tap;

pub use human::{difference, list, report};
pub use junit::junit;
pub use progress::TestProgress;
pub use tap::tap;
