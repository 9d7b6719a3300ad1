//! Tables, columns, constraints, indexes and the rest of a schema: the operations of the plugin `schema`, as builders.
//!
//! ```no_run
//! use mighost_sdk::prelude::*;
//! use mighost_sdk::schema::*;
//!
//! struct AddStations;
//!
//! impl Migration for AddStations {
//!     fn upgrade() {
//!         table("stations")
//!             .column("station_id", integer().primary_key())
//!             .column("network_id", integer().not_null().references("networks", "network_id"))
//!             .column("name", text().not_null().comment("As the network writes it"))
//!             .column("opened", date())
//!             .constraint(unique(["network_id", "name"]).deferrable())
//!             .constraint(check("opened > '1850-01-01'").named("stations_opened_check"))
//!             .comment("Where the weather is observed")
//!             .create();
//!         table("stations").index(["opened"]).filter("opened is not null").create();
//!     }
//! }
//!
//! mighost_sdk::export_migration!(AddStations);
//! # fn main() {}
//! ```
//!
//! There is no `downgrade`: a migration without one is reverted by the reverses of its operations, see [`reverse`]. The reverse of an
//! operation that removes something needs the removed definition: `table("stations").column(..).drop()`,
//! `table("stations").drop_column_was("name", text())`. An operation that cannot be reversed ends the downgrade, and the report names it.
//!
//! Names are unquoted, `name` or `schema.name`; an unqualified name is in the schema that the run targets. Types, conditions and
//! expressions are SQL and are used unchanged. Constraints and indexes without a name get one from the project's naming convention, or
//! from PostgreSQL. `plugins/schema/wit` documents the operations.

mod alter;
mod column;
mod constraint;
mod index;
mod objects;
mod rows;
mod table;

pub use alter::AlterColumn;
pub use column::{
    ColumnSpec, bigint, bigserial, boolean, bytea, date, double, integer, interval, json, jsonb, numeric, real, serial,
    smallint, text, time, timestamp, timestamptz, typed, uuid, varchar,
};
pub use constraint::{Constraint, check, exclude, exclude_by, foreign_key, primary_key, unique};
pub use index::{Index, Key, drop_index, drop_index_with, expression, key};
pub use objects::{
    Enumeration, Extension, Sequence, comment_on, create_schema, drop_schema, enumeration, extension, rename, sequence,
    set_schema,
};
pub use rows::{RowValue, default_value, expression_value, json_value};
pub use table::{Table, table};

use crate::bindings::schema::mighost::schema as plugin;
pub use plugin::objects::{Member, Object as SchemaObject};
pub use plugin::types::{Action, CreateOptions, DropOptions, OnCommit, SequenceOption};

/// Calls `work` and executes the reverses of its operations instead of the operations, the last one first.
///
/// The default `downgrade` of a migration is `reverse(Self::upgrade)`. Statements of `work` itself, queries and operations of other
/// plugins are refused.
pub fn reverse<T>(work: impl FnOnce() -> T) -> T {
    plugin::reversal::begin();
    let result = work();
    plugin::reversal::end();
    result
}

/// Sets the templates of names for constraints and indexes without one, for the rest of the revision. The kinds are `pk`, `uq`, `ck`,
/// `fk`, `ex` and `ix`.
///
/// ```no_run
/// mighost_sdk::schema::naming_convention(&[("uq", "uq_%(table_name)s_%(column_0_N_name)s")]);
/// ```
pub fn naming_convention(templates: &[(&str, &str)]) {
    let templates: Vec<(String, String)> = templates
        .iter()
        .map(|&(kind, template)| (kind.to_owned(), template.to_owned()))
        .collect();
    plugin::naming::use_convention(&templates);
}

/// Names in any of the forms that callers have: `["a", "b"]`, a `Vec<String>`.
fn strings<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

/// Storage parameters in the form that the plugin expects.
fn pairs(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
