//! Rust types and traits for `wit/`, generated.

pub(super) use hooks::{Hooks, mighost::host::step_info};
pub(super) use kinds::Kinds;
pub(super) use migration::{Migration, mighost};
pub(super) use test::{Test, mighost::host::testing};

mod migration {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "migration",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "mighost:host/database.cursor": super::super::handles::CursorHandle,
            "mighost:host/postgres.copy-in": super::super::handles::CopyHandle,
            "mighost:host/database.savepoint": super::super::handles::SavepointHandle,
            "mighost:host/database.statement-guard": super::super::step::GuardHandle,
        },
    });
}

/// Only the exports are used; the interfaces that both worlds import are those of `migration`.
mod kinds {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "kinds",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "mighost:host/database": super::migration::mighost::host::database,
            "mighost:host/session": super::migration::mighost::host::session,
            "mighost:host/postgres": super::migration::mighost::host::postgres,
            "mighost:host/context": super::migration::mighost::host::context,
            "mighost:host/assets": super::migration::mighost::host::assets,
            "mighost:host/log": super::migration::mighost::host::log,
            "mighost:host/objects": super::migration::mighost::host::objects,
        },
    });
}

/// As for `kinds`.
mod hooks {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "hooks",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "mighost:host/database": super::migration::mighost::host::database,
            "mighost:host/session": super::migration::mighost::host::session,
            "mighost:host/postgres": super::migration::mighost::host::postgres,
            "mighost:host/context": super::migration::mighost::host::context,
            "mighost:host/assets": super::migration::mighost::host::assets,
            "mighost:host/log": super::migration::mighost::host::log,
        },
    });
}

/// As for `kinds`, with the interface that only tests import.
mod test {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "test",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "mighost:host/database": super::migration::mighost::host::database,
            "mighost:host/session": super::migration::mighost::host::session,
            "mighost:host/postgres": super::migration::mighost::host::postgres,
            "mighost:host/context": super::migration::mighost::host::context,
            "mighost:host/assets": super::migration::mighost::host::assets,
            "mighost:host/log": super::migration::mighost::host::log,
            "mighost:host/testing.test-database": super::super::test_host::DatabaseHandle,
            "mighost:host/testing.settings": super::super::test_host::TestSettings,
        },
    });
}
