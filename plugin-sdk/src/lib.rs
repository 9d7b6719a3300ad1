//! Write mighost guests in Rust: migrations, operation plugins, kinds of replaceable objects.
//!
//! A guest is a WebAssembly component that the host runs in a sandbox. Through the functions here, and only through them, it reaches the
//! database, the settings of the run and the user. Statements that fail do not return: the host rolls back and reports them, so there is
//! no error to handle.
//!
//! ```no_run
//! use mighost_sdk::prelude::*;
//!
//! struct AddStations;
//!
//! impl Migration for AddStations {
//!     fn upgrade() {
//!         execute("create table stations (station_id integer primary key, name text not null)");
//!         execute!("comment on table stations is {}", literal("Where the weather is observed"));
//!     }
//!
//!     fn downgrade() {
//!         execute("drop table stations");
//!     }
//! }
//!
//! mighost_sdk::export_migration!(AddStations);
//! # fn main() {}
//! ```
//!
//! The crate is a `cdylib`, compiled for `wasm32-unknown-unknown`; `mighost build` does that and writes the metadata.
//!
//! - [`Migration`], [`export_migration!`], [`export_migrations!`]: the code of revisions.
//! - [`database`]: statements, queries with typed rows, cursors, COPY, leaving the transaction.
//! - [`sql!`], [`execute!`], [`quote`]: statements composed of quoted parts.
//! - [`replaceable`], [`objects`]: views, functions and other objects that are replaced as a whole.
//! - [`schema`]: tables, columns, constraints, indexes and other parts of a schema as builders, with their reverse.
//! - [`context`], [`assets`], [`log`]: the run, the artifact's files, messages.
//! - [`import_plugin!`]: the operations of a plugin; [`export_operations!`], [`export_kinds!`], [`export_version_hook!`]: a
//!   plugin of one's own.
#![warn(missing_docs)]

extern crate self as mighost_sdk;

pub mod assets;
#[doc(hidden)]
pub mod bindings;
pub mod context;
pub mod database;
pub mod hooks;
mod kind_provider;
pub mod log;
mod macros;
mod migration;
pub mod objects;
mod panic;
pub mod postgres;
pub mod quote;
pub mod replaceable;
pub mod schema;
pub mod session;
pub mod test;

pub use hooks::VersionHook;
pub use kind_provider::KindProvider;
pub use migration::{Migration, Outcome};
pub use objects::Object;
pub use panic::install_panic_hook;
#[doc(hidden)]
pub use wit_bindgen;

/// The items that almost every guest uses: `use mighost_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::database::{
        Cursor, Row, Rows, Savepoint, Value, execute, execute_asset, execute_script, outside_transaction, query,
        query_as, query_one, query_optional, query_value, run, run_counted, suspend_transaction, try_execute,
        try_query, try_run,
    };
    pub use crate::objects::{
        Object, function, manual_materialized_view, materialized_view, object, procedure, trigger, view,
    };
    pub use crate::postgres::CopyIn;
    pub use crate::quote::{identifier, literal, qualified, raw};
    pub use crate::{
        KindProvider, Migration, VersionHook, assets, context, debug, execute, info, log, params, postgres,
        replaceable, session, sql, warn,
    };
}

/// Ends the run: a component of several revisions was asked for a revision that it does not contain.
#[doc(hidden)]
pub fn unknown_revision(asked: &str, known: &[&str]) -> ! {
    panic!(
        "this component holds no revision {asked}; it holds {}",
        known.join(", ")
    )
}
