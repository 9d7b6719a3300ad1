//! `mighost:host/assets`.

use super::super::bindings::mighost::host::assets::Host;
use super::super::guest::GuestState;

impl Host for GuestState {
    async fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.assets.keys().cloned().collect())
    }

    async fn contains(&mut self, name: String) -> wasmtime::Result<bool> {
        Ok(self.assets.contains_key(&name))
    }

    async fn read(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.assets.get(&name).cloned())
    }
}
