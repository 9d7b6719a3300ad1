//! `mighost:host/step-info`.

use super::super::RuntimeError;
use super::super::bindings::step_info::Host;
use super::super::guest::GuestState;
use super::super::hook::StepInfo;

impl GuestState {
    /// The step for which the hook is called.
    fn info(&mut self) -> wasmtime::Result<&StepInfo> {
        match &self.step.hook {
            Some(info) => Ok(info),
            None => Err(self.step.fail(RuntimeError::NotInHook {
                guest: self.name.to_string(),
            })),
        }
    }
}

impl Host for GuestState {
    async fn message(&mut self) -> wasmtime::Result<String> {
        Ok(self.info()?.message.clone())
    }

    async fn down_revisions(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.info()?.down_revisions.clone())
    }

    async fn heads_before(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.info()?.heads_before.clone())
    }

    async fn heads_after(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.info()?.heads_after.clone())
    }

    async fn operator(&mut self) -> wasmtime::Result<String> {
        Ok(self.info()?.operator.clone())
    }

    async fn number(&mut self) -> wasmtime::Result<u32> {
        Ok(self.info()?.number)
    }

    async fn total(&mut self) -> wasmtime::Result<u32> {
        Ok(self.info()?.total)
    }
}
