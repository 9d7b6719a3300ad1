//! `mighost:host/context`.

use super::super::RuntimeError;
use super::super::bindings::mighost::host::context::Host;
use super::super::guest::GuestState;

impl Host for GuestState {
    async fn downgrading(&mut self) -> wasmtime::Result<bool> {
        Ok(self.step.downgrading)
    }

    async fn revision(&mut self) -> wasmtime::Result<String> {
        Ok(self.step.revision.clone())
    }

    async fn schema(&mut self) -> wasmtime::Result<String> {
        Ok(self.step.settings.schema.clone())
    }

    async fn superuser_role(&mut self) -> wasmtime::Result<String> {
        match &self.step.settings.superuser_role {
            Some(role) => Ok(role.clone()),
            None => Err(self.step.fail(RuntimeError::NoSuperuserRole {
                guest: self.name.to_string(),
            })),
        }
    }

    async fn offline(&mut self) -> wasmtime::Result<bool> {
        Ok(self.step.settings.offline)
    }

    async fn argument(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.step.settings.args.get(&name).cloned())
    }

    async fn server_version(&mut self) -> wasmtime::Result<Option<u32>> {
        Ok(self.step.settings.server_version)
    }
}
