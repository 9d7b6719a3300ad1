//! Rust types and traits for `wit/`, generated.
#![expect(missing_docs, reason = "generated; the WIT carries the documentation")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "migration",
    imports: { default: async | trappable },
    exports: { default: async },
    require_store_data_send: true,
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    with: {
        "mighost:host/database.cursor": super::sink::CursorHandle,
        "mighost:host/database.copy-in": super::sink::CopyHandle,
    },
});
