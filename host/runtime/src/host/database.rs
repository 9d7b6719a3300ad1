//! `mighost:host/database`: each call goes to the run's sink.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use wasmtime::component::Resource;

use super::super::RuntimeError;
use super::super::bindings::mighost::host::database::{
    Column, Error, Host, HostCursor, HostSavepoint, HostStatementGuard, Row, Rows, Value,
};
use super::super::convert::{each, each_row};
use super::super::guest::GuestState;
use super::super::handles::{CursorHandle, SavepointHandle};
use super::super::limits::{Waiting, Watch};
use super::super::step::GuardHandle;
use mighost_artifact::Assets;
use mighost_core::{Sink, SinkError};

/// The sink for one call. While it is held, the guest waits for the database.
struct SinkCall {
    sink: OwnedMutexGuard<dyn Sink>,
    _waiting: Waiting,
}

impl Deref for SinkCall {
    type Target = dyn Sink;

    fn deref(&self) -> &Self::Target {
        &*self.sink
    }
}

impl DerefMut for SinkCall {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.sink
    }
}

impl GuestState {
    pub(super) async fn sink(
        &mut self,
        call: &'static str,
    ) -> wasmtime::Result<impl DerefMut<Target = dyn Sink> + use<>> {
        if let Some(reason) = self.step.refused() {
            return Err(self.step.fail(RuntimeError::NotNow {
                call: self.step.operation().as_deref().unwrap_or(call).to_owned(),
                reason,
            }));
        }
        let _waiting = Watch::wait(&self.step);
        match &self.step.sink {
            Some(sink) => Ok(SinkCall {
                sink: Mutex::lock_owned(Arc::clone(sink)).await,
                _waiting,
            }),
            None if self.step.test_host.is_some() => Err(self.step.fail(RuntimeError::NotInTests {
                guest: self.name.to_string(),
                call,
            })),
            None => Err(self.step.fail(RuntimeError::NotInObjects {
                guest: self.name.to_string(),
                call,
            })),
        }
    }
}

/// An asset that is a script.
fn text_asset<'a>(assets: &'a Assets, name: &str) -> Result<&'a str, SinkError> {
    let bytes = asset(assets, name)?;
    std::str::from_utf8(bytes).map_err(|_| SinkError::Misuse(format!("the asset {name} is not UTF-8 text")))
}

/// An asset by name.
pub(super) fn asset<'a>(assets: &'a Assets, name: &str) -> Result<&'a [u8], SinkError> {
    let asset = assets.get(name).map(Vec::as_slice);
    asset.ok_or_else(|| SinkError::Misuse(format!("the artifact has no asset {name}")))
}

impl Host for GuestState {
    async fn execute(&mut self, statement: String, params: Vec<Value>) -> wasmtime::Result<()> {
        let result = self
            .sink("database.execute")
            .await?
            .execute(&statement, &each(params))
            .await;
        self.answer(result)
    }

    async fn execute_script(&mut self, script: String) -> wasmtime::Result<()> {
        let result = self
            .sink("database.execute-script")
            .await?
            .execute_script(&script)
            .await;
        self.answer(result)
    }

    async fn execute_asset(&mut self, name: String) -> wasmtime::Result<()> {
        let assets = self.assets.clone();
        let script = match text_asset(&assets, &name) {
            Ok(script) => script,
            Err(error) => return self.answer(Err(error)),
        };
        let result = self.sink("database.execute-asset").await?.execute_script(script).await;
        self.answer(result)
    }

    async fn execute_counted(&mut self, statement: String, params: Vec<Value>) -> wasmtime::Result<u64> {
        let result = self
            .sink("database.execute-counted")
            .await?
            .execute_counted(&statement, &each(params))
            .await;
        self.answer(result)
    }

    async fn query(&mut self, statement: String, params: Vec<Value>) -> wasmtime::Result<Rows> {
        let result = self
            .sink("database.query")
            .await?
            .query(&statement, &each(params))
            .await;
        self.answer(result.map(Rows::from))
    }

    async fn try_query(&mut self, statement: String, params: Vec<Value>) -> wasmtime::Result<Result<Rows, Error>> {
        let result = self
            .sink("database.try-query")
            .await?
            .try_query(&statement, &each(params))
            .await;
        self.answer(result.map(|tried| tried.map(Rows::from).map_err(Error::from)))
    }

    async fn in_transaction(&mut self) -> wasmtime::Result<bool> {
        match self.step.refused() {
            Some(_) => Ok(true),
            None => Ok(self.sink("database.in-transaction").await?.in_transaction()),
        }
    }

    async fn suspend_transaction(&mut self) -> wasmtime::Result<()> {
        if self.step.hook.is_some() {
            let reason = "a hook runs in the transaction that changes the version rows, and cannot leave it";
            return self.answer(Err(SinkError::Misuse(reason.to_owned())));
        }
        if self.step.refused().is_some() {
            return Ok(());
        }
        let result = self
            .sink("database.suspend-transaction")
            .await?
            .suspend_transaction()
            .await;
        self.answer(result)
    }

    async fn resume_transaction(&mut self) -> wasmtime::Result<()> {
        if self.step.refused().is_some() {
            return Ok(());
        }
        let result = self
            .sink("database.resume-transaction")
            .await?
            .resume_transaction()
            .await;
        self.answer(result)
    }
}

impl HostStatementGuard for GuestState {
    async fn new(&mut self, reason: String) -> wasmtime::Result<Resource<GuardHandle>> {
        let guard = self.step.guard(reason);
        let guard =
            self.answer(guard.ok_or_else(|| SinkError::Misuse("too many statement guards are held".to_owned())))?;
        Ok(self.table.push(guard)?)
    }

    async fn drop(&mut self, this: Resource<GuardHandle>) -> wasmtime::Result<()> {
        let guard = self.table.delete(this)?;
        self.step.release_guard(&guard);
        Ok(())
    }
}

impl GuestState {
    async fn close_savepoint(&mut self, this: Resource<SavepointHandle>, keep: bool) -> wasmtime::Result<()> {
        let SavepointHandle(number) = self.table.delete(this)?;
        let result = self
            .sink("database.savepoint")
            .await?
            .savepoint_close(number, keep)
            .await;
        self.answer(result)
    }
}

impl HostSavepoint for GuestState {
    async fn new(&mut self) -> wasmtime::Result<Resource<SavepointHandle>> {
        let result = self.sink("database.savepoint").await?.savepoint_open().await;
        let number = self.answer(result)?;
        Ok(self.table.push(SavepointHandle(number))?)
    }

    /// Takes the handle, like [`roll_back`](HostSavepoint::roll_back), so that only open savepoints are dropped.
    async fn release(&mut self, this: Resource<SavepointHandle>) -> wasmtime::Result<()> {
        self.close_savepoint(this, true).await
    }

    async fn roll_back(&mut self, this: Resource<SavepointHandle>) -> wasmtime::Result<()> {
        self.close_savepoint(this, false).await
    }

    async fn drop(&mut self, this: Resource<SavepointHandle>) -> wasmtime::Result<()> {
        self.close_savepoint(this, false).await
    }
}

impl HostCursor for GuestState {
    async fn open(
        &mut self,
        statement: String,
        params: Vec<Value>,
        batch: u32,
    ) -> wasmtime::Result<Resource<CursorHandle>> {
        let result = self
            .sink("database.cursor")
            .await?
            .cursor_open(&statement, &each(params), batch)
            .await;
        let number = self.answer(result)?;
        Ok(self.table.push(CursorHandle(number))?)
    }

    async fn columns(&mut self, this: Resource<CursorHandle>) -> wasmtime::Result<Vec<Column>> {
        let number = self.table.get(&this)?.0;
        let result = self.sink("database.cursor").await?.cursor_columns(number).await;
        self.answer_from_memory(result.map(each))
    }

    async fn next(&mut self, this: Resource<CursorHandle>) -> wasmtime::Result<Vec<Row>> {
        let number = self.table.get(&this)?.0;
        let result = self.sink("database.cursor").await?.cursor_next(number).await;
        self.answer(result.map(each_row))
    }

    async fn drop(&mut self, this: Resource<CursorHandle>) -> wasmtime::Result<()> {
        let CursorHandle(number) = self.table.delete(this)?;
        let result = self.sink("database.cursor").await?.cursor_close(number).await;
        self.answer(result)
    }
}
