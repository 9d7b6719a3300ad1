//! `mighost:host/context`.

use super::super::RuntimeError;
use super::super::bindings::mighost::host::context::{Direction as GuestDirection, Host};
use super::super::guest::GuestState;
use mighost_core::Direction;

impl From<GuestDirection> for Direction {
    fn from(direction: GuestDirection) -> Self {
        match direction {
            GuestDirection::Upgrade => Self::Upgrade,
            GuestDirection::Downgrade => Self::Downgrade,
            GuestDirection::Stamp => Self::Stamp,
        }
    }
}

impl From<Direction> for GuestDirection {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Upgrade => Self::Upgrade,
            Direction::Downgrade => Self::Downgrade,
            Direction::Stamp => Self::Stamp,
        }
    }
}

impl Host for GuestState {
    async fn current_direction(&mut self) -> wasmtime::Result<GuestDirection> {
        Ok(self.step.direction.into())
    }

    async fn revision(&mut self) -> wasmtime::Result<String> {
        Ok(self.step.revision.clone())
    }

    async fn dialect(&mut self) -> wasmtime::Result<String> {
        Ok("postgresql".to_owned())
    }

    async fn schema(&mut self) -> wasmtime::Result<String> {
        Ok(self.step.settings.schema.clone())
    }

    async fn offline(&mut self) -> wasmtime::Result<bool> {
        Ok(self.step.settings.offline)
    }

    async fn argument(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.step.settings.args.get(&name).cloned())
    }

    async fn fail(&mut self, reason: String) -> wasmtime::Result<()> {
        let guest = self.step.operation().unwrap_or_else(|| self.name.clone()).to_string();
        self.answer(Err(RuntimeError::returned(guest, reason)))
    }
}
