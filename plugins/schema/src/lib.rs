//! Operations on schemas and their reverse; `wit/` documents them.
//!
//! Each operation is a type of its own that implements [`operation::Operation`]: it provides its statements and its reverse.

mod alter;
mod choices;
mod column;
mod constraint;
mod data;
mod digest;
mod enumeration;
mod guest;
mod index;
mod name;
mod namespace;
mod naming;
mod object;
mod operation;
mod sequence;
mod table;

/// The interfaces, generated from `wit/`.
#[allow(missing_docs, dead_code, reason = "generated; the WIT carries the documentation")]
mod bindings {
    mighost_sdk::wit_bindgen::generate!({
        path: "wit",
        world: "plugin",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

bindings::export!(Schema with_types_in bindings);

/// The plugin; `guest` has its exports.
struct Schema;
