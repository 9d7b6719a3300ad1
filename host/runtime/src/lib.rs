//! WebAssembly components: the engine, the imports of guests, limits, the compile cache.
//!
//! This crate does not depend on PostgreSQL: database calls of guests go to a [`Sink`](mighost_core::Sink), which the engine connects.
//! Nor does it know the plugins of a project: it asks [`HostServices`].

mod bindings;
mod cache;
mod call;
mod clock;
mod compatibility;
mod compile_effort;
mod convert;
mod engine;
mod error;
mod guest;
mod handles;
mod hook;
mod host;
mod limits;
mod link_diagnostics;
mod migration;
mod plugin_link;
mod providers;
mod registry;
mod stdio;
mod step;
mod test;
mod test_host;
mod types;
mod wave;

pub use bindings::mighost::host::objects::Object;
pub use bindings::testing::{Answer as TestAnswer, Failure as TestFailure, Reply as TestReply};
pub use call::{Call, CallError, Function, Returned, finish_calls};
pub use engine::{Provided, Runtime};
pub use error::RuntimeError;
pub use guest::{Guest, GuestKind};
pub use hook::{StepInfo, VERSION_HOOK, call_version_hook};
pub use migration::{call_migration, call_objects};
pub use providers::{HostServices, NoHostServices};
pub use registry::{Registry, has_version_hook, operation_interfaces};
pub use step::{GuestContext, GuestStep, ServerFacts};
pub use test::{TESTS, call_case, call_cases};
pub use test_host::{DatabaseHandle, TestHost, TestSettings};
pub use wave::{ValueError, check_value, string_value};
