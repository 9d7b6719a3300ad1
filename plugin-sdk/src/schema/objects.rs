//! Sequences, enumerated types, schemas, extensions, and operations on objects of any type.

use super::plugin::enums::Place;
use super::plugin::namespaces::ExtensionOption;
use super::{CreateOptions, DropOptions, SchemaObject, SequenceOption, plugin, strings};

/// A sequence, by its name and its settings.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "say what is to be done with it, e.g. create()"]
pub struct Sequence {
    name: String,
    settings: Vec<SequenceOption>,
}

/// The sequence `name`, or `schema.name`.
pub fn sequence(name: impl Into<String>) -> Sequence {
    Sequence {
        name: name.into(),
        settings: Vec::new(),
    }
}

impl Sequence {
    /// Adds a setting.
    pub fn with(mut self, setting: SequenceOption) -> Self {
        self.settings.push(setting);
        self
    }

    /// The first number.
    pub fn start(self, number: i64) -> Self {
        self.with(SequenceOption::Start(number))
    }

    /// The increment between numbers.
    pub fn increment(self, number: i64) -> Self {
        self.with(SequenceOption::Increment(number))
    }

    /// The column with which the sequence is dropped, as `table.column`.
    pub fn owned_by(self, column: impl Into<String>) -> Self {
        self.with(SequenceOption::OwnedBy(column.into()))
    }

    /// Creates it.
    pub fn create(&self) {
        plugin::sequences::create_sequence(&self.name, &self.settings, CreateOptions::empty());
    }

    /// Creates the sequence, unless one of the same name exists.
    pub fn create_if_not_exists(&self) {
        plugin::sequences::create_sequence(&self.name, &self.settings, CreateOptions::IF_NOT_EXISTS);
    }

    /// Changes the settings. The reverse sets those of `was`.
    pub fn alter(&self, was: Option<&Self>) {
        plugin::sequences::alter_sequence(&self.name, &self.settings, was.map(|was| was.settings.as_slice()));
    }

    /// Drops the sequence. The reverse creates it with its settings.
    pub fn drop(&self) {
        plugin::sequences::drop_sequence(&self.name, DropOptions::empty(), Some(&self.settings));
    }

    /// As [`drop`](Self::drop), e.g. with `DropOptions::IF_EXISTS`.
    pub fn drop_with(&self, options: DropOptions) {
        plugin::sequences::drop_sequence(&self.name, options, Some(&self.settings));
    }
}

/// An enumerated type, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "say what is to be done with it, e.g. create([..])"]
pub struct Enumeration(String);

/// The enumerated type `name`, or `schema.name`.
pub fn enumeration(name: impl Into<String>) -> Enumeration {
    Enumeration(name.into())
}

impl Enumeration {
    /// Creates it.
    pub fn create<S: Into<String>>(&self, values: impl IntoIterator<Item = S>) {
        plugin::enums::create_enum(&self.0, &strings(values));
    }

    /// Drops the type. There is no reverse: [`drop_was`](Self::drop_was) has one.
    pub fn drop(&self) {
        plugin::enums::drop_enum(&self.0, DropOptions::empty(), None);
    }

    /// As [`drop`](Self::drop), e.g. with `DropOptions::IF_EXISTS`.
    pub fn drop_with(&self, options: DropOptions) {
        plugin::enums::drop_enum(&self.0, options, None);
    }

    /// Drops the type. The reverse creates it with these values.
    pub fn drop_was<S: Into<String>>(&self, values: impl IntoIterator<Item = S>) {
        plugin::enums::drop_enum(&self.0, DropOptions::empty(), Some(&strings(values)));
    }

    /// Adds a value at the end. It cannot be used before the transaction has ended. There is no reverse.
    pub fn add_value(&self, value: &str) {
        plugin::enums::add_value(&self.0, value, &Place::AtEnd, false);
    }

    /// Adds a value before another.
    pub fn add_value_before(&self, value: &str, other: &str) {
        plugin::enums::add_value(&self.0, value, &Place::Before(other.to_owned()), false);
    }

    /// Adds a value after another.
    pub fn add_value_after(&self, value: &str, other: &str) {
        plugin::enums::add_value(&self.0, value, &Place::After(other.to_owned()), false);
    }

    /// Adds a value that the following statements can use. For that, the value is added outside the transaction.
    pub fn add_value_to_use_now(&self, value: &str) {
        plugin::enums::add_value(&self.0, value, &Place::AtEnd, true);
    }

    /// Renames a value.
    pub fn rename_value(&self, value: &str, new_value: &str) {
        plugin::enums::rename_value(&self.0, value, new_value);
    }
}

/// Creates a schema, unless one of the same name exists.
pub fn create_schema(name: &str) {
    plugin::namespaces::create_schema(name, CreateOptions::IF_NOT_EXISTS, None);
}

/// Drops a schema, which must be empty.
pub fn drop_schema(name: &str) {
    plugin::namespaces::drop_schema(name, DropOptions::empty());
}

/// An extension, by its name.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "say what is to be done with it, e.g. create()"]
pub struct Extension {
    name: String,
    options: Vec<ExtensionOption>,
}

/// The extension `name`.
pub fn extension(name: impl Into<String>) -> Extension {
    Extension {
        name: name.into(),
        options: Vec::new(),
    }
}

impl Extension {
    fn with(mut self, option: ExtensionOption) -> Self {
        self.options.push(option);
        self
    }

    /// Keeps the extension if it exists.
    pub fn if_not_exists(self) -> Self {
        self.with(ExtensionOption::IfNotExists)
    }

    /// The schema for its objects; by default the schema that the run targets.
    pub fn schema(self, name: impl Into<String>) -> Self {
        self.with(ExtensionOption::Schema(name.into()))
    }

    /// The version.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with(ExtensionOption::Version(version.into()))
    }

    /// Creates the extensions that it needs as well.
    pub fn cascade(self) -> Self {
        self.with(ExtensionOption::Cascade)
    }

    /// Creates it.
    pub fn create(&self) {
        plugin::namespaces::create_extension(&self.name, &self.options);
    }

    /// Drops the extension. The reverse creates it.
    pub fn drop(&self) {
        plugin::namespaces::drop_extension(&self.name, DropOptions::empty(), Some(&self.options));
    }
}

/// Sets the comment on an object; `None` removes it. The reverse sets the comment `was`.
pub fn comment_on(object: SchemaObject, text: Option<&str>, was: Option<&str>) {
    plugin::objects::comment(&object, text, was);
}

/// Renames an object, within its schema.
pub fn rename(object: SchemaObject, new_name: &str) {
    plugin::objects::rename(&object, new_name);
}

/// Moves an object into another schema.
pub fn set_schema(object: SchemaObject, schema: &str) {
    plugin::objects::set_schema(&object, schema);
}
