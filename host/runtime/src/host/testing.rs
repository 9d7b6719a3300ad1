//! `mighost:host/testing`: each call goes to the test host.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::super::RuntimeError;
use super::super::bindings::mighost::host::context::Direction;
use super::super::bindings::mighost::host::database::{Rows, Value};
use super::super::bindings::testing::{Answer, Failure, Host, HostSettings, HostTestDatabase};
use super::super::convert::each;
use super::super::guest::GuestState;
use super::super::limits::{Waiting, Watch};
use super::super::test_host::{DatabaseHandle, TestHost, TestSettings};

/// The test host for one call. While it works, the test waits for the host.
struct HostCall {
    host: Arc<dyn TestHost>,
    _waiting: Waiting,
}

impl GuestState {
    fn test_host(&mut self) -> wasmtime::Result<HostCall> {
        match &self.step.test_host {
            Some(host) => Ok(HostCall {
                host: host.clone(),
                _waiting: Watch::wait(&self.step),
            }),
            None => Err(self.step.fail(RuntimeError::NotInCases {
                guest: self.name.to_string(),
            })),
        }
    }

    /// Ends a call of the host: the test computes again.
    fn tested<R>(&mut self, result: R) -> wasmtime::Result<R> {
        self.stopwatch.resume();
        Ok(result)
    }

    fn number(&self, this: &Resource<DatabaseHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(this)?.0)
    }
}

impl Host for GuestState {
    async fn prepare(&mut self, settings: Resource<TestSettings>, answers: Vec<Answer>) -> wasmtime::Result<()> {
        let settings = self.table.get(&settings)?.clone();
        let call = self.test_host()?;
        call.host.prepare(settings, answers).await;
        self.tested(())
    }

    async fn set_answers(&mut self, answers: Vec<Answer>) -> wasmtime::Result<()> {
        let call = self.test_host()?;
        call.host.set_answers(answers).await;
        self.tested(())
    }

    async fn call(&mut self, component: String, text: String) -> wasmtime::Result<Result<Option<String>, Failure>> {
        let call = self.test_host()?;
        let called = call.host.call(&component, &text).await;
        self.tested(called)
    }

    async fn statements(&mut self) -> wasmtime::Result<Vec<String>> {
        let call = self.test_host()?;
        let sent = call.host.statements().await;
        self.tested(sent)
    }

    async fn log_messages(&mut self) -> wasmtime::Result<Vec<String>> {
        let call = self.test_host()?;
        let said = call.host.log_messages().await;
        self.tested(said)
    }
}

impl HostSettings for GuestState {
    async fn new(&mut self) -> wasmtime::Result<Resource<TestSettings>> {
        Ok(self.table.push(TestSettings::default())?)
    }

    async fn set_schema(&mut self, this: Resource<TestSettings>, name: String) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.schema = Some(name);
        Ok(())
    }

    async fn set_superuser_role(&mut self, this: Resource<TestSettings>, name: String) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.superuser_role = Some(name);
        Ok(())
    }

    async fn set_argument(
        &mut self,
        this: Resource<TestSettings>,
        name: String,
        value: String,
    ) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.arguments.push((name, value));
        Ok(())
    }

    async fn set_offline(&mut self, this: Resource<TestSettings>, offline: bool) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.offline = offline;
        Ok(())
    }

    async fn set_direction(&mut self, this: Resource<TestSettings>, direction: Direction) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.direction = Some(direction.into());
        Ok(())
    }

    async fn set_revision(&mut self, this: Resource<TestSettings>, id: String) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.revision = Some(id);
        Ok(())
    }

    async fn set_server_version(&mut self, this: Resource<TestSettings>, version: u32) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.server_version = Some(version);
        Ok(())
    }

    async fn set_message(&mut self, this: Resource<TestSettings>, message: String) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.step.message = message;
        Ok(())
    }

    async fn set_down_revisions(
        &mut self,
        this: Resource<TestSettings>,
        revisions: Vec<String>,
    ) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.step.down_revisions = revisions;
        Ok(())
    }

    async fn set_heads_before(&mut self, this: Resource<TestSettings>, heads: Vec<String>) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.step.heads_before = heads;
        Ok(())
    }

    async fn set_heads_after(&mut self, this: Resource<TestSettings>, heads: Vec<String>) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.step.heads_after = heads;
        Ok(())
    }

    async fn set_operator(&mut self, this: Resource<TestSettings>, operator: String) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        settings.step.operator = operator;
        Ok(())
    }

    async fn set_number(&mut self, this: Resource<TestSettings>, number: u32, total: u32) -> wasmtime::Result<()> {
        let settings = self.table.get_mut(&this)?;
        (settings.step.number, settings.step.total) = (number, total);
        Ok(())
    }

    async fn drop(&mut self, this: Resource<TestSettings>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostTestDatabase for GuestState {
    async fn create(&mut self, setup: String) -> wasmtime::Result<Result<Resource<DatabaseHandle>, Failure>> {
        let call = self.test_host()?;
        let made = call.host.create(&setup).await;
        let handle = match made {
            Ok(number) => Ok(self.table.push(DatabaseHandle(number))?),
            Err(failure) => Err(failure),
        };
        self.tested(handle)
    }

    async fn upgrade(
        &mut self,
        this: Resource<DatabaseHandle>,
        target: String,
    ) -> wasmtime::Result<Result<(), Failure>> {
        let (call, number) = (self.test_host()?, self.number(&this)?);
        let ran = call.host.upgrade(number, &target).await;
        self.tested(ran)
    }

    async fn downgrade(
        &mut self,
        this: Resource<DatabaseHandle>,
        target: String,
    ) -> wasmtime::Result<Result<(), Failure>> {
        let (call, number) = (self.test_host()?, self.number(&this)?);
        let ran = call.host.downgrade(number, &target).await;
        self.tested(ran)
    }

    async fn call(
        &mut self,
        this: Resource<DatabaseHandle>,
        component: String,
        text: String,
    ) -> wasmtime::Result<Result<Option<String>, Failure>> {
        let (call, number) = (self.test_host()?, self.number(&this)?);
        let called = call.host.call_in(number, &component, &text).await;
        self.tested(called)
    }

    async fn execute(
        &mut self,
        this: Resource<DatabaseHandle>,
        script: String,
    ) -> wasmtime::Result<Result<(), Failure>> {
        let (call, number) = (self.test_host()?, self.number(&this)?);
        let ran = call.host.execute(number, &script).await;
        self.tested(ran)
    }

    async fn query(
        &mut self,
        this: Resource<DatabaseHandle>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Failure>> {
        let (call, number) = (self.test_host()?, self.number(&this)?);
        let rows = call.host.query(number, &statement, &each(params)).await;
        self.tested(rows.map(Rows::from))
    }

    async fn drop(&mut self, this: Resource<DatabaseHandle>) -> wasmtime::Result<()> {
        let DatabaseHandle(number) = self.table.delete(this)?;
        if let Some(host) = self.step.test_host.clone() {
            host.close(number).await;
        }
        self.tested(())
    }
}
