//! Kinds of replaceable objects, provided by a plugin.

use crate::objects::Object;

/// A plugin that provides one or more kinds of replaceable objects. Its `plugin.toml` names them, and `export_kinds!` exports it.
///
/// An error ends the run; the report names the plugin and the object.
pub trait KindProvider {
    /// Creates an object that does not exist.
    fn create(object: &Object) -> Result<(), String>;

    /// Drops an object, but no dependants.
    fn drop(object: &Object) -> Result<(), String>;

    /// Replaces `old` by `new` and keeps dependants. Both are of the same kind; their names may differ.
    fn replace(old: &Object, new: &Object) -> Result<(), String>;

    /// The objects of `kind` in `schema`, as they would be declared, sorted by name.
    fn introspect(kind: &str, schema: &str) -> Result<Vec<Object>, String>;
}
