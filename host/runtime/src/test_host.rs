//! What tests that are components ask of the host: a trait that this layer owns and `testkit` implements.

use std::sync::Arc;

use async_trait::async_trait;

use super::GuestStep;
use super::bindings::testing::{Answer, Failure, Settings};
use mighost_core::{Rows, Value};

/// A throw-away database, numbered by the bed.
pub struct DatabaseHandle(pub u32);

/// Runs what one case of a test asks for. `wit/test.wit` is the contract of each method.
#[async_trait]
pub trait TestHost: Send + Sync {
    async fn prepare(&self, settings: Settings, answers: Vec<Answer>);
    async fn call(&self, component: &str, call: &str) -> Result<Option<String>, Failure>;
    async fn sent(&self) -> Vec<String>;
    async fn said(&self) -> Vec<String>;
    /// The step that takes what the test calls through a plugin's own interface.
    async fn step(&self) -> Arc<GuestStep>;

    async fn make(&self, setup: &str) -> Result<u32, Failure>;
    async fn upgrade(&self, database: u32, target: &str) -> Result<(), Failure>;
    async fn downgrade(&self, database: u32, target: &str) -> Result<(), Failure>;
    async fn call_in(&self, database: u32, component: &str, call: &str) -> Result<Option<String>, Failure>;
    async fn execute(&self, database: u32, script: &str) -> Result<(), Failure>;
    async fn query(&self, database: u32, statement: &str, params: &[Value]) -> Result<Rows, Failure>;
    async fn close(&self, database: u32);
}
