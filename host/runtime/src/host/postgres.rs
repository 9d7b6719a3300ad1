//! `mighost:host/postgres`: each call goes to the part of the run's sink for PostgreSQL only.

use wasmtime::component::Resource;

use super::super::RuntimeError;
use super::super::bindings::mighost::host::database::Value;
use super::super::bindings::mighost::host::postgres::{Host, HostCopyIn};
use super::super::convert::each;
use super::super::guest::GuestState;
use super::super::handles::{CopyHandle, CursorHandle};
use super::database::asset;
use mighost_core::SinkError;

/// Calls a method of the sink; fails if the database is not PostgreSQL.
macro_rules! postgres {
    ($state:ident, $call:literal, $method:ident($($argument:expr),*)) => {{
        let mut sink = $state.sink($call).await?;
        match sink.postgres() {
            Some(postgres) => postgres.$method($($argument),*).await,
            None => Err(SinkError::NotPostgres { call: $call }),
        }
    }};
}

impl Host for GuestState {
    async fn server_version(&mut self) -> wasmtime::Result<Option<u32>> {
        Ok(self.step.settings.server_version)
    }

    async fn superuser_role(&mut self) -> wasmtime::Result<String> {
        match &self.step.settings.superuser_role {
            Some(role) => Ok(role.clone()),
            None => Err(self.step.fail(RuntimeError::NoSuperuserRole {
                guest: self.name.to_string(),
            })),
        }
    }

    async fn set_role(&mut self, name: String) -> wasmtime::Result<()> {
        let result = postgres!(self, "postgres.set-role", set_role(&name));
        self.answer(result)
    }

    async fn reset_role(&mut self) -> wasmtime::Result<()> {
        let result = postgres!(self, "postgres.reset-role", reset_role());
        self.answer(result)
    }

    async fn copy_asset(
        &mut self,
        table: String,
        columns: Vec<String>,
        name: String,
        options: Vec<(String, String)>,
    ) -> wasmtime::Result<u64> {
        let assets = self.assets.clone();
        let result = match asset(&assets, &name) {
            Ok(data) => postgres!(self, "postgres.copy-asset", copy_data(&table, &columns, &options, data)),
            Err(error) => Err(error),
        };
        self.answer(result)
    }

    async fn copy_cursor(
        &mut self,
        table: String,
        columns: Vec<String>,
        rows: Resource<CursorHandle>,
    ) -> wasmtime::Result<u64> {
        let cursor = self.table.get(&rows)?.0;
        let result = postgres!(self, "postgres.copy-cursor", copy_cursor(&table, &columns, cursor));
        self.answer(result)
    }
}

impl HostCopyIn for GuestState {
    async fn open(&mut self, table: String, columns: Vec<String>) -> wasmtime::Result<Resource<CopyHandle>> {
        let result = postgres!(self, "postgres.copy-in", copy_open(&table, &columns));
        let number = self.answer(result)?;
        Ok(self.table.push(CopyHandle(number))?)
    }

    async fn write(&mut self, this: Resource<CopyHandle>, rows: Vec<Vec<Value>>) -> wasmtime::Result<()> {
        let number = self.table.get(&this)?.0;
        let rows: Vec<_> = rows.into_iter().map(each).collect();
        let result = postgres!(self, "postgres.copy-in", copy_write(number, &rows));
        self.answer(result)
    }

    /// Takes the handle, so that only unfinished COPYs are dropped.
    async fn finish(&mut self, this: Resource<CopyHandle>) -> wasmtime::Result<u64> {
        let CopyHandle(number) = self.table.delete(this)?;
        let result = postgres!(self, "postgres.copy-in", copy_finish(number));
        self.answer(result)
    }

    async fn drop(&mut self, this: Resource<CopyHandle>) -> wasmtime::Result<()> {
        let CopyHandle(number) = self.table.delete(this)?;
        let result = postgres!(self, "postgres.copy-in", copy_abandon(number));
        self.answer(result)
    }
}
