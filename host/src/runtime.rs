//! Components: the engine, what guests may import, limits, the compile cache.
//!
//! This layer knows nothing of PostgreSQL: what guests ask of the database goes to a [`Sink`], which the executor plugs in. Nor does it
//! know which plugin serves what: it asks [`Providers`].

mod bindings;
mod cache;
mod call;
mod clock;
mod contract;
mod engine;
mod error;
mod fit;
mod forward;
mod guest;
mod hook;
mod host;
mod limits;
mod migration;
mod providers;
mod sink;
mod stdio;
mod step;
mod test;
mod testbed;
mod types;
mod wave;

pub use bindings::mighost::host::database::{Column, Error as GuestDatabaseError, Row, Rows, Value};
pub use bindings::mighost::host::objects::Object;
pub use bindings::testing::{
    Answer as TestAnswer, Failure as TestFailure, Reply as TestReply, Settings as TestSettings,
};
pub use call::{Call, CallError, Function, Returned, finish_calls};
pub use engine::{Provided, Runtime};
pub use error::RuntimeError;
pub use guest::{Guest, GuestKind};
pub use hook::{StepInfo, VERSION_HOOK, call_version_hook};
pub use migration::{call_migration, call_objects};
pub use providers::{NoProviders, Providers};
pub use sink::{Sink, SinkError};
pub use step::{RunSettings, StepRun};
pub use test::{TESTS, call_case, call_cases};
pub use testbed::{DatabaseHandle, TestBed};
pub use wave::{ValueError, check_value, string_value};
