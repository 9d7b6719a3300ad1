//! Indexes.

use super::plugin::types as wit;
use super::plugin::types::{IndexKey, IndexOption, KeyOption, KeyPart};
use super::{DropOptions, pairs, plugin, strings};

/// A key of an index: a column, given by its name, or an [`expression`].
#[derive(Clone, Debug, PartialEq)]
pub struct Key(pub(super) IndexKey);

/// A column as a key, for which options can be set: `key("name").descending()`.
pub fn key(column: impl Into<String>) -> Key {
    Key(IndexKey {
        part: KeyPart::Column(column.into()),
        options: Vec::new(),
    })
}

/// An expression as a key, e.g. `lower(name)`.
pub fn expression(sql: impl Into<String>) -> Key {
    Key(IndexKey {
        part: KeyPart::Expression(sql.into()),
        options: Vec::new(),
    })
}

impl From<&str> for Key {
    fn from(column: &str) -> Self {
        key(column)
    }
}

impl From<String> for Key {
    fn from(column: String) -> Self {
        key(column)
    }
}

impl Key {
    fn with(mut self, option: KeyOption) -> Self {
        self.0.options.push(option);
        self
    }

    /// Descending order.
    #[must_use]
    pub fn descending(self) -> Self {
        self.with(KeyOption::Descending)
    }

    /// NULL before all values, the default in descending order.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        self.with(KeyOption::NullsFirst)
    }

    /// NULL after all values, the default in ascending order.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        self.with(KeyOption::NullsLast)
    }

    /// The operator class, e.g. `text_pattern_ops`.
    #[must_use]
    pub fn operator_class(self, name: impl Into<String>) -> Self {
        self.with(KeyOption::OperatorClass(name.into()))
    }

    /// The collation, e.g. `C`.
    #[must_use]
    pub fn collate(self, name: impl Into<String>) -> Self {
        self.with(KeyOption::Collation(name.into()))
    }
}

/// An index of a table. [`Table::index`](super::Table::index) begins one, and [`create`](Self::create) or [`drop`](Self::drop) completes
/// it.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an index is made by create()"]
pub struct Index {
    index: wit::Index,
    name: Option<String>,
}

impl Index {
    pub(super) fn of<K: Into<Key>>(table: &str, keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            index: wit::Index {
                table: table.to_owned(),
                keys: keys.into_iter().map(|key| key.into().0).collect(),
                options: Vec::new(),
            },
            name: None,
        }
    }

    fn with(mut self, option: IndexOption) -> Self {
        self.index.options.push(option);
        self
    }

    /// The name. Without it, the naming convention or PostgreSQL provides one.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The final name, to which no naming convention is applied.
    pub fn named_exactly(self, name: impl Into<String>) -> Self {
        self.named(name).with(IndexOption::ExactName)
    }

    /// Does not allow two rows with the same keys.
    pub fn unique(self) -> Self {
        self.with(IndexOption::Unique)
    }

    /// Keeps an existing index of the same name, whatever its keys are.
    pub fn if_not_exists(self) -> Self {
        self.with(IndexOption::IfNotExists)
    }

    /// Does not block writers. The statement runs outside the transaction, which is left for it.
    pub fn concurrently(self) -> Self {
        self.with(IndexOption::Concurrently)
    }

    /// The access method, e.g. `gist`.
    pub fn method(self, name: impl Into<String>) -> Self {
        self.with(IndexOption::Method(name.into()))
    }

    /// Columns that are stored in addition to the keys.
    pub fn including<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        self.with(IndexOption::Including(strings(columns)))
    }

    /// A condition for the rows to index, e.g. `opened is not null`.
    pub fn filter(self, condition: impl Into<String>) -> Self {
        self.with(IndexOption::Where(condition.into()))
    }

    /// Storage parameters, e.g. `fillfactor`.
    pub fn storage(self, settings: &[(&str, &str)]) -> Self {
        self.with(IndexOption::Storage(pairs(settings)))
    }

    /// The tablespace.
    pub fn tablespace(self, name: impl Into<String>) -> Self {
        self.with(IndexOption::Tablespace(name.into()))
    }

    /// NULL equals NULL. Requires PostgreSQL 15.
    pub fn nulls_not_distinct(self) -> Self {
        self.with(IndexOption::NullsNotDistinct)
    }

    /// Not on the partitions of a partitioned table.
    pub fn only(self) -> Self {
        self.with(IndexOption::Only)
    }

    /// The comment on the index.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(IndexOption::Comment(text.into()))
    }

    /// Creates the index. The reverse drops it.
    pub fn create(self) {
        plugin::indexes::create_index(
            &self.index.table,
            &self.index.keys,
            &self.index.options,
            self.name.as_deref(),
        );
    }

    /// Drops the index. The reverse creates it.
    pub fn drop(self) {
        let mut options = DropOptions::empty();
        if self.index.options.contains(&IndexOption::Concurrently) {
            options |= DropOptions::CONCURRENTLY;
        }
        let Some(name) = &self.name else {
            panic!("an index is dropped by its name: say named(..)");
        };
        // It is in the schema of its table.
        let name = match self.index.table.rsplit_once('.') {
            Some((schema, _)) if !self.index.table.ends_with('"') => format!("{schema}.{name}"),
            _ => name.clone(),
        };
        plugin::indexes::drop_index(&name, options, Some(&self.index));
    }
}

/// Drops an index. There is no reverse: [`Index::drop`] has one.
pub fn drop_index(name: &str) {
    drop_index_with(name, DropOptions::empty());
}

/// As [`drop_index`], e.g. with `DropOptions::IF_EXISTS | DropOptions::CONCURRENTLY`.
pub fn drop_index_with(name: &str, options: DropOptions) {
    plugin::indexes::drop_index(name, options, None);
}
