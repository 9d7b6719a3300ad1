//! Kinds of replaceable objects, taught by a plugin.

use crate::objects::Object;

/// A plugin that serves one kind of replaceable objects or several, which its `plugin.toml` names. `export_object_types!` exports it.
///
/// An error ends the run, with the plugin and the object named.
pub trait ObjectType {
    /// Creates an object that does not exist.
    fn create(object: &Object) -> Result<(), String>;

    /// Drops an object, but nothing that depends on it.
    fn drop(object: &Object) -> Result<(), String>;

    /// Puts `new` in the place of `old`, dependants kept. The two are of one kind; their names may differ.
    fn replace(old: &Object, new: &Object) -> Result<(), String>;

    /// The objects of `kind` in `schema`, as they would be declared, sorted by name.
    fn introspect(kind: &str, schema: &str) -> Result<Vec<Object>, String>;
}
