//! The catalog of a database as plain data: each object with its properties, as PostgreSQL describes them, without OIDs. Two databases
//! with equal catalogs have equal schemas.
//!
//! The tables of mighost are omitted, and so are the members of extensions, which are created and dropped with them.

mod difference;
mod read;

use std::collections::BTreeMap;
use std::fmt;

pub use difference::{Change, Differences, Texts};
pub use read::{CatalogError, read};

/// The kind and name of an object, e.g. `index` and `crmp.stations_name_idx`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ObjectName {
    /// E.g. `table`, `materialized view`, `default privileges`.
    pub kind: String,
    /// Qualified, and quoted where SQL requires it.
    pub identity: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.identity)
    }
}

/// The catalog entry of one object. A property with its default is usually omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Object {
    /// The object that it is a part of, and with which it is created and dropped, e.g. the table of a column.
    pub parent: Option<String>,
    pub properties: BTreeMap<String, String>,
}

/// All objects of a database, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Catalog {
    pub objects: BTreeMap<ObjectName, Object>,
}

/// The part of a database that is read.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Schema and name of tables that are omitted with everything that belongs to them: those of mighost.
    pub own: Vec<(String, String)>,
    /// Whether to include roles, memberships and their settings, which belong to the whole cluster.
    pub cluster: bool,
}

impl Scope {
    /// Everything except the tables that mighost keeps for a project.
    pub fn of_project(version_schema: &str, version_table: &str) -> Self {
        let own = crate::own_tables(version_table);
        Self {
            own: own.into_iter().map(|name| (version_schema.to_owned(), name)).collect(),
            cluster: true,
        }
    }
}

impl Catalog {
    /// The differences in `later`.
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
