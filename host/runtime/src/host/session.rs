//! `mighost:host/session`: settings of the session, for any database.

use super::super::bindings::mighost::host::session::Host;
use super::super::guest::GuestState;

impl Host for GuestState {
    async fn set_search_path(&mut self, schemas: Vec<String>) -> wasmtime::Result<()> {
        let result = self
            .sink("session.set-search-path")
            .await?
            .set_search_path(&schemas)
            .await;
        self.answer(result)
    }

    async fn set_lock_timeout(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        let result = self
            .sink("session.set-lock-timeout")
            .await?
            .set_lock_timeout(milliseconds)
            .await;
        self.answer(result)
    }

    async fn set_statement_timeout(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        let result = self
            .sink("session.set-statement-timeout")
            .await?
            .set_statement_timeout(milliseconds)
            .await;
        self.answer(result)
    }
}
