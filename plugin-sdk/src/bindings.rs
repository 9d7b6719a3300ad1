//! Rust bindings of `wit/`, generated. The modules of the crate wrap them; guests rarely need them.
#![allow(missing_docs, reason = "generated; the WIT carries the documentation")]

wit_bindgen::generate!({
    path: "../wit",
    inline: "
        package mighost:sdk;
        world imports {
            include mighost:host/guest@0.1.0;
            import mighost:host/replaceable@0.1.0;
        }
    ",
    world: "mighost:sdk/imports",
    runtime_path: "::mighost_sdk::wit_bindgen::rt",
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq],
});

/// The export of migrations.
pub mod revision {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package mighost:sdk;
            world revision {
                export mighost:host/revision@0.1.0;
            }
        ",
        world: "mighost:sdk/revision",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        pub_export_macro: true,
        export_macro_name: "export_revision_component",
        default_bindings_module: "::mighost_sdk::bindings::revision",
        with: { "mighost:host/objects@0.1.0": ::mighost_sdk::bindings::mighost::host::objects },
    });
}

/// The export of plugins that provide kinds of objects.
pub mod kind_provider {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package mighost:sdk;
            world kind-provider {
                export mighost:host/kind-provider@0.1.0;
            }
        ",
        world: "mighost:sdk/kind-provider",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        pub_export_macro: true,
        export_macro_name: "export_kind_provider_component",
        default_bindings_module: "::mighost_sdk::bindings::kind_provider",
        with: { "mighost:host/objects@0.1.0": ::mighost_sdk::bindings::mighost::host::objects },
    });
}

/// The export of plugins with a hook for each step.
pub mod version_hook {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package mighost:sdk;
            world version-hook {
                import mighost:host/step-info@0.1.0;
                export mighost:host/version-hook@0.1.0;
            }
        ",
        world: "mighost:sdk/version-hook",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        pub_export_macro: true,
        export_macro_name: "export_version_hook_component",
        default_bindings_module: "::mighost_sdk::bindings::version_hook",
        generate_all,
        additional_derives: [PartialEq],
    });
}

/// The operations of the plugin `schema`, which the module `schema` wraps.
pub mod schema {
    wit_bindgen::generate!({
        path: "../plugins/schema/wit",
        world: "imports",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

/// The imports and exports of tests that are components.
pub mod test {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package mighost:sdk;
            world test {
                import mighost:host/testing@0.1.0;
                export mighost:host/tests@0.1.0;
            }
        ",
        world: "mighost:sdk/test",
        runtime_path: "::mighost_sdk::wit_bindgen::rt",
        pub_export_macro: true,
        export_macro_name: "export_tests_component",
        default_bindings_module: "::mighost_sdk::bindings::test",
        with: {
            "mighost:host/context@0.1.0": ::mighost_sdk::bindings::mighost::host::context,
            "mighost:host/database@0.1.0": ::mighost_sdk::bindings::mighost::host::database,
        },
        generate_all,
        additional_derives: [PartialEq],
    });
}
