//! `mighost:host/testing`: each call goes to the test bed.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::super::RuntimeError;
use super::super::bindings::mighost::host::database::{Rows, Value};
use super::super::bindings::testing::{Answer, Failure, Host, HostThrowAway, Settings};
use super::super::convert::each;
use super::super::guest::GuestState;
use super::super::limits::{Waiting, Watch};
use super::super::test_host::{DatabaseHandle, TestHost};

/// The bed for one call. While it works, the test waits for the host.
struct BedCall {
    bed: Arc<dyn TestHost>,
    _waiting: Waiting,
}

impl GuestState {
    fn bed(&mut self) -> wasmtime::Result<BedCall> {
        match &self.step.testbed {
            Some(bed) => Ok(BedCall {
                bed: bed.clone(),
                _waiting: Watch::wait(&self.step),
            }),
            None => Err(self.step.fail(RuntimeError::NotInCases {
                guest: self.name.to_string(),
            })),
        }
    }

    /// Ends an answer: the test computes again.
    fn tested<R>(&mut self, result: R) -> wasmtime::Result<R> {
        self.stopwatch.resume();
        Ok(result)
    }

    fn number(&self, this: &Resource<DatabaseHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(this)?.0)
    }
}

impl Host for GuestState {
    async fn prepare(&mut self, settings: Settings, answers: Vec<Answer>) -> wasmtime::Result<()> {
        let call = self.bed()?;
        call.bed.prepare(settings, answers).await;
        self.tested(())
    }

    async fn call(&mut self, component: String, text: String) -> wasmtime::Result<Result<Option<String>, Failure>> {
        let call = self.bed()?;
        let called = call.bed.call(&component, &text).await;
        self.tested(called)
    }

    async fn sent(&mut self) -> wasmtime::Result<Vec<String>> {
        let call = self.bed()?;
        let sent = call.bed.sent().await;
        self.tested(sent)
    }

    async fn said(&mut self) -> wasmtime::Result<Vec<String>> {
        let call = self.bed()?;
        let said = call.bed.said().await;
        self.tested(said)
    }
}

impl HostThrowAway for GuestState {
    async fn make(&mut self, setup: String) -> wasmtime::Result<Result<Resource<DatabaseHandle>, Failure>> {
        let call = self.bed()?;
        let made = call.bed.make(&setup).await;
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
        let (call, number) = (self.bed()?, self.number(&this)?);
        let ran = call.bed.upgrade(number, &target).await;
        self.tested(ran)
    }

    async fn downgrade(
        &mut self,
        this: Resource<DatabaseHandle>,
        target: String,
    ) -> wasmtime::Result<Result<(), Failure>> {
        let (call, number) = (self.bed()?, self.number(&this)?);
        let ran = call.bed.downgrade(number, &target).await;
        self.tested(ran)
    }

    async fn call(
        &mut self,
        this: Resource<DatabaseHandle>,
        component: String,
        text: String,
    ) -> wasmtime::Result<Result<Option<String>, Failure>> {
        let (call, number) = (self.bed()?, self.number(&this)?);
        let called = call.bed.call_in(number, &component, &text).await;
        self.tested(called)
    }

    async fn execute(
        &mut self,
        this: Resource<DatabaseHandle>,
        script: String,
    ) -> wasmtime::Result<Result<(), Failure>> {
        let (call, number) = (self.bed()?, self.number(&this)?);
        let ran = call.bed.execute(number, &script).await;
        self.tested(ran)
    }

    async fn query(
        &mut self,
        this: Resource<DatabaseHandle>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Failure>> {
        let (call, number) = (self.bed()?, self.number(&this)?);
        let rows = call.bed.query(number, &statement, &each(params)).await;
        self.tested(rows.map(Rows::from))
    }

    async fn drop(&mut self, this: Resource<DatabaseHandle>) -> wasmtime::Result<()> {
        let DatabaseHandle(number) = self.table.delete(this)?;
        if let Some(bed) = self.step.testbed.clone() {
            bed.close(number).await;
        }
        self.tested(())
    }
}
