//! The catalog of a database as plain data: each object with its properties, in PostgreSQL's own words, independent of the
//! numbers that a database gives its objects. Two databases of equal catalogs have equal schemas.
//!
//! Mighost's own tables are left out, and so are the members of extensions, which come and go with them.

mod difference;
mod read;

use std::collections::BTreeMap;
use std::fmt;

pub use difference::{Change, Differences, Texts};
pub use read::{CatalogError, read};

/// What an object is and what it is called, e.g. `index` and `crmp.stations_name_idx`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ObjectName {
    /// E.g. `table`, `materialized view`, `default privileges`.
    pub kind: String,
    /// Qualified and quoted where SQL would need it.
    pub identity: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.identity)
    }
}

/// What the catalog says of one object. What is at its default mostly has no property.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Object {
    /// What it is a part of, and comes and goes with: a column's table.
    pub parent: Option<String>,
    pub properties: BTreeMap<String, String>,
}

/// All objects of a database, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Catalog {
    pub objects: BTreeMap<ObjectName, Object>,
}

/// What of a database counts.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Schema and name of tables that are left out with all that belongs to them: mighost's own.
    pub own: Vec<(String, String)>,
    /// Whether roles, memberships and their settings count, which are the whole cluster's.
    pub cluster: bool,
}

impl Scope {
    /// Everything but the tables that mighost keeps for a project.
    pub fn of_project(version_schema: &str, version_table: &str) -> Self {
        let own = crate::own_tables(version_table);
        Self {
            own: own.into_iter().map(|name| (version_schema.to_owned(), name)).collect(),
            cluster: true,
        }
    }
}

impl Catalog {
    /// What is different in `later`.
    pub fn differences(&self, later: &Self) -> Differences {
        Differences::between(self, later)
    }

    /// The catalog without the object of that kind and identity.
    #[must_use]
    pub fn without(mut self, kind: &str, identity: &str) -> Self {
        self.objects.remove(&ObjectName {
            kind: kind.to_owned(),
            identity: identity.to_owned(),
        });
        self
    }
}

impl fmt::Display for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects
            .iter()
            .try_for_each(|(name, object)| f.write_str(&difference::block(name, object.properties.iter())))
    }
}
