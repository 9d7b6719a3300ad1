//! The macros that export a guest and import plugins.

/// Exports a migration of one revision: a type that implements [`Migration`](crate::Migration).
#[macro_export]
macro_rules! export_migration {
    ($migration:ty) => {
        $crate::export_migrations!(_ => $migration);
    };
}

/// Exports several revisions from one component, each a type that implements [`Migration`](crate::Migration).
///
/// ```no_run
/// # use mighost_sdk::prelude::*;
/// # struct AddStations;
/// # impl Migration for AddStations { fn upgrade() {} fn downgrade() {} }
/// # struct AddHistories;
/// # impl Migration for AddHistories { fn upgrade() {} fn downgrade() {} }
/// mighost_sdk::export_migrations! {
///     "5a1e0c7d2b34" => AddStations,
///     "9f3b6d1c8e02" => AddHistories,
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_migrations {
    ($($revision:tt => $migration:ty),+ $(,)?) => {
        #[doc(hidden)]
        struct MighostRevisions;

        const _: () = {
            use $crate::Outcome as _;

            impl $crate::bindings::revision::exports::mighost::host::revision::Guest for MighostRevisions {
                fn upgrade() -> ::std::result::Result<(), ::std::string::String> {
                    $crate::install_panic_hook();
                    $crate::export_migrations!(@dispatch upgrade $($revision => $migration,)+).into_result()
                }

                fn downgrade() -> ::std::result::Result<(), ::std::string::String> {
                    $crate::install_panic_hook();
                    $crate::export_migrations!(@dispatch downgrade $($revision => $migration,)+).into_result()
                }

                fn objects() -> ::std::vec::Vec<(::std::string::String, $crate::Object)> {
                    $crate::install_panic_hook();
                    let objects = $crate::export_migrations!(@dispatch objects $($revision => $migration,)+);
                    objects.into_iter().map(|(key, object)| (key.to_owned(), object)).collect()
                }
            }
        };

        $crate::bindings::revision::export_revision_component!(MighostRevisions with_types_in $crate::bindings::revision);
    };
    (@dispatch objects _ => $migration:ty,) => {
        <$migration as $crate::Migration<_>>::objects()
    };
    (@dispatch $function:ident _ => $migration:ty,) => {
        <$migration as $crate::Migration<_>>::$function()
    };
    (@dispatch objects $($revision:tt => $migration:ty,)+) => {
        match $crate::context::revision().as_str() {
            $($revision => <$migration as $crate::Migration<_>>::objects(),)+
            other => $crate::unknown_revision(other, &[$($revision),+]),
        }
    };
    (@dispatch $function:ident $($revision:tt => $migration:ty,)+) => {
        match $crate::context::revision().as_str() {
            $($revision => <$migration as $crate::Migration<_>>::$function().into_result(),)+
            other => $crate::unknown_revision(other, &[$($revision),+]),
        }
    };
}

/// Exports a plugin that provides kinds of objects: a type that implements [`KindProvider`](crate::KindProvider).
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// struct Sequences;
///
/// impl KindProvider for Sequences {
///     fn create(object: &Object) -> Result<(), String> {
///         execute!("create sequence {} {}", identifier(&object.name), raw(&object.definition));
///         Ok(())
///     }
///
///     fn drop(object: &Object) -> Result<(), String> {
///         execute!("drop sequence {}", identifier(&object.name));
///         Ok(())
///     }
///
///     fn replace(old: &Object, new: &Object) -> Result<(), String> {
///         if old.name != new.name {
///             execute!("alter sequence {} rename to {}", identifier(&old.name), identifier(&new.name));
///         }
///         execute!("alter sequence {} {}", identifier(&new.name), raw(&new.definition));
///         Ok(())
///     }
///
///     fn introspect(_kind: &str, schema: &str) -> Result<Vec<Object>, String> {
///         let names = query_as::<(String,)>(
///             "select sequencename from pg_sequences where schemaname = $1 order by 1",
///             params![schema],
///         );
///         Ok(names.into_iter().map(|(name,)| mighost_sdk::objects::object("sequence", &name, "")).collect())
///     }
/// }
///
/// mighost_sdk::export_kinds!(Sequences);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_kinds {
    ($plugin:ty) => {
        #[doc(hidden)]
        struct MighostKinds;

        const _: () = {
            use ::std::result::Result;
            use ::std::string::String;
            use ::std::vec::Vec;

            impl $crate::bindings::kind_provider::exports::mighost::host::kind_provider::Guest for MighostKinds {
                fn create(object: $crate::Object) -> Result<(), String> {
                    $crate::install_panic_hook();
                    <$plugin as $crate::KindProvider>::create(&object)
                }

                fn drop(object: $crate::Object) -> Result<(), String> {
                    $crate::install_panic_hook();
                    <$plugin as $crate::KindProvider>::drop(&object)
                }

                fn replace(old: $crate::Object, new: $crate::Object) -> Result<(), String> {
                    $crate::install_panic_hook();
                    <$plugin as $crate::KindProvider>::replace(&old, &new)
                }

                fn introspect(kind: String, schema: String) -> Result<Vec<$crate::Object>, String> {
                    $crate::install_panic_hook();
                    <$plugin as $crate::KindProvider>::introspect(&kind, &schema)
                }
            }
        };

        $crate::bindings::kind_provider::export_kind_provider_component!(
            MighostKinds with_types_in $crate::bindings::kind_provider
        );
    };
}

/// Exports a plugin with a hook for each step: a type that implements [`VersionHook`](crate::VersionHook).
///
/// ```no_run
/// use mighost_sdk::prelude::*;
/// use mighost_sdk::hooks::Step;
///
/// struct Announce;
///
/// impl VersionHook for Announce {
///     fn on_version_apply(step: &Step) {
///         execute!("select pg_notify('migrations', {})", literal(&step.heads_after.join(", ")));
///     }
/// }
///
/// mighost_sdk::export_version_hook!(Announce);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_version_hook {
    ($plugin:ty) => {
        #[doc(hidden)]
        struct MighostVersionHook;

        const _: () = {
            use $crate::Outcome as _;

            impl $crate::bindings::version_hook::exports::mighost::host::version_hook::Guest for MighostVersionHook {
                fn on_version_apply() -> ::std::result::Result<(), ::std::string::String> {
                    $crate::install_panic_hook();
                    <$plugin as $crate::VersionHook<_>>::on_version_apply(&$crate::hooks::Step::current()).into_result()
                }
            }
        };

        $crate::bindings::version_hook::export_version_hook_component!(
            MighostVersionHook with_types_in $crate::bindings::version_hook
        );
    };
}

/// Imports an interface of an operation plugin, from the plugin's WIT folder: one line makes a module of its functions.
///
/// ```no_run
/// mighost_sdk::import_plugin!("../plugins/roles/wit", mighost::roles::roles);
///
/// # fn upgrade() {
/// roles::set_role("weather_admin");
/// # }
/// # fn main() {}
/// ```
///
/// The folder is relative to the guest's `Cargo.toml`. By convention it has a world `imports` that imports every interface of the plugin.
/// If an interface uses types of `mighost:host`, that package is in `deps/` of the folder, and the macro call names the types to share
/// with this crate:
///
/// ```ignore
/// mighost_sdk::import_plugin!("../../plugins/catalog/wit", mighost::catalog::catalog, with: {
///     "mighost:host/objects@0.1.0": mighost_sdk::bindings::mighost::host::objects,
/// });
/// ```
#[macro_export]
macro_rules! import_plugin {
    ($wit:tt, $namespace:ident :: $package:ident :: $interface:ident $(, with: { $($with:tt)* })? $(,)?) => {
        #[doc = ::std::concat!("The operations of `", ::std::stringify!($namespace), ":", ::std::stringify!($package), "`.")]
        pub mod $interface {
            #[allow(missing_docs, dead_code, reason = "generated; the plugin's WIT carries the documentation")]
            mod bindings {
                $crate::wit_bindgen::generate!({
                    path: $wit,
                    world: "imports",
                    runtime_path: "::mighost_sdk::wit_bindgen::rt",
                    generate_all,
                    generate_unused_types: true,
                    $(with: { $($with)* },)?
                });
            }
            pub use bindings::$namespace::$package::$interface::*;
        }
    };
}

/// Exports an operation plugin: a type that implements the traits of the plugin's own interfaces.
///
/// The WIT folder, relative to the plugin's `Cargo.toml`, has a world `plugin` that exports them. Each interface becomes a module with
/// its types and a trait `Guest`.
///
/// ```no_run
/// // wit/world.wit:
/// //   package mighost:roles@0.1.0;
/// //   interface roles { set-role: func(name: string); }
/// //   world imports { import roles; }
/// //   world plugin { export roles; }
/// use mighost_sdk::prelude::*;
///
/// struct Plugin;
///
/// impl roles::Guest for Plugin {
///     fn set_role(name: String) {
///         execute!("set role {}", identifier(&name));
///     }
///     # fn reset_role() {}
/// }
/// # /*
/// mighost_sdk::export_operations!("wit", Plugin, mighost::roles::roles);
/// # */
/// # mighost_sdk::export_operations!("../plugins/roles/wit", Plugin, mighost::roles::roles);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_operations {
    (
        $wit:tt, $plugin:ident, $namespace:ident :: $package:ident :: $interface:ident
        $(, with: { $($with:tt)* })? $(,)?
    ) => {
        #[allow(missing_docs, dead_code, reason = "generated; the plugin's WIT carries the documentation")]
        mod mighost_operations {
            $crate::wit_bindgen::generate!({
                path: $wit,
                world: "plugin",
                runtime_path: "::mighost_sdk::wit_bindgen::rt",
                generate_all,
                generate_unused_types: true,
                $(with: { $($with)* },)?
            });
        }
        use mighost_operations::exports::$namespace::$package::$interface;
        mighost_operations::export!($plugin with_types_in mighost_operations);
    };
}
