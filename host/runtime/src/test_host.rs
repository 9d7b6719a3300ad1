//! The interface for tests that are components: a trait of this crate that `testkit` implements.

use std::sync::Arc;

use async_trait::async_trait;

use super::GuestStep;
use super::bindings::testing::{Answer, Failure};
use super::hook::StepInfo;
use mighost_core::{Direction, Rows, Value};

/// A temporary database, numbered by the test host.
pub struct DatabaseHandle(pub u32);

/// What `context`, `postgres` and `step-info` return to the components that a test calls. `None` means the value that test files in the
/// same folder have.
#[derive(Clone, Debug, Default)]
pub struct TestSettings {
    pub schema: Option<String>,
    pub superuser_role: Option<String>,
    pub arguments: Vec<(String, String)>,
    pub offline: bool,
    pub direction: Option<Direction>,
    pub revision: Option<String>,
    pub server_version: Option<u32>,
    /// The data that `step-info` returns to a hook.
    pub step: StepInfo,
}

/// Executes the requests of one case of a test. `wit/test.wit` is the contract of each method.
#[async_trait]
pub trait TestHost: Send + Sync {
    async fn prepare(&self, settings: TestSettings, answers: Vec<Answer>);
    async fn set_answers(&self, answers: Vec<Answer>);
    async fn call(&self, component: &str, call: &str) -> Result<Option<String>, Failure>;
    async fn statements(&self) -> Vec<String>;
    async fn log_messages(&self) -> Vec<String>;
    /// The step for calls that the test makes through a plugin's own interface.
    async fn step(&self) -> Arc<GuestStep>;

    async fn create(&self, setup: &str) -> Result<u32, Failure>;
    async fn upgrade(&self, database: u32, target: &str) -> Result<(), Failure>;
    async fn downgrade(&self, database: u32, target: &str) -> Result<(), Failure>;
    async fn call_in(&self, database: u32, component: &str, call: &str) -> Result<Option<String>, Failure>;
    async fn execute(&self, database: u32, script: &str) -> Result<(), Failure>;
    async fn query(&self, database: u32, statement: &str, params: &[Value]) -> Result<Rows, Failure>;
    async fn close(&self, database: u32);
}
