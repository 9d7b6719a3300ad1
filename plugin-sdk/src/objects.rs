//! Replaceable objects, built by kind: [`view`], [`function`], ...
//!
//! The plugin that provides a kind documents the form of a definition. Objects of kinds without a function here are made by [`object`].

pub use crate::bindings::mighost::host::objects::Object;

/// An object of any kind, e.g. `object("gronk", "station_summary", "select ...")`.
pub fn object(kind: &str, name: &str, definition: &str) -> Object {
    Object {
        kind: kind.to_owned(),
        name: name.to_owned(),
        definition: definition.to_owned(),
        options: Vec::new(),
    }
}

impl Object {
    /// Adds an option of the kind. A name may be repeated if the kind allows it.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of the first option of that name.
    pub fn get_option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(option, _)| option == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of all options of that name, in order.
    pub fn get_options<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options
            .iter()
            .filter(move |(option, _)| option == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A view: its name and its SELECT.
pub fn view(name: &str, query: &str) -> Object {
    object("view", name, query)
}

/// A materialized view: its name and its SELECT.
pub fn materialized_view(name: &str, query: &str) -> Object {
    object("materialized-view", name, query)
}

/// A table that is filled by a query and refreshed by a function, for cases in which a materialized view cannot be used.
pub fn manual_materialized_view(name: &str, query: &str) -> Object {
    object("manual-materialized-view", name, query)
}

/// A function: its identity, e.g. `closest_station(double precision, double precision)`, and the text after the name in CREATE FUNCTION.
pub fn function(identity: &str, definition: &str) -> Object {
    object("function", identity, definition)
}

/// A procedure: its identity and the text after the name in CREATE PROCEDURE.
pub fn procedure(identity: &str, definition: &str) -> Object {
    object("procedure", identity, definition)
}

/// A trigger: its identity and the rest of CREATE TRIGGER, as the plugin documents it.
pub fn trigger(identity: &str, definition: &str) -> Object {
    object("trigger", identity, definition)
}
