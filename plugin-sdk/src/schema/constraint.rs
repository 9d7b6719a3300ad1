//! Constraints.

use super::index::Key;
use super::plugin::types as wit;
use super::plugin::types::{Action, ConstraintOption, ForeignKey, MatchKind, Rule};
use super::{pairs, strings};

/// A constraint of a table. Made by [`primary_key`], [`unique`], [`check`], [`foreign_key`] and [`exclude`].
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a constraint is made by giving it to a table"]
pub struct Constraint(pub(super) wit::Constraint);

fn of(rule: Rule) -> Constraint {
    Constraint(wit::Constraint {
        rule,
        options: Vec::new(),
        name: None,
    })
}

/// A primary key of these columns.
pub fn primary_key<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Constraint {
    of(Rule::PrimaryKey(strings(columns)))
}

/// No two rows may have the same values in these columns.
pub fn unique<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Constraint {
    of(Rule::Unique(strings(columns)))
}

/// A condition that each row must meet.
pub fn check(condition: impl Into<String>) -> Constraint {
    of(Rule::Check(condition.into()))
}

/// A foreign key: these columns refer to the columns `referred` of `table`, or to its primary key if `referred` is empty.
pub fn foreign_key<S: Into<String>, R: Into<String>>(
    columns: impl IntoIterator<Item = S>,
    table: impl Into<String>,
    referred: impl IntoIterator<Item = R>,
) -> Constraint {
    of(Rule::ForeignKey(ForeignKey {
        columns: strings(columns),
        table: table.into(),
        referred_columns: strings(referred),
    }))
}

/// No two rows may match in all elements, each compared by its operator, with an index of the method `gist`:
/// `exclude([("station_id", "="), ("during", "&&")])`.
pub fn exclude<K: Into<Key>, O: Into<String>>(elements: impl IntoIterator<Item = (K, O)>) -> Constraint {
    exclude_by("gist", elements)
}

/// As [`exclude`], with an index of another method.
pub fn exclude_by<K: Into<Key>, O: Into<String>>(
    method: &str,
    elements: impl IntoIterator<Item = (K, O)>,
) -> Constraint {
    let elements = elements.into_iter().map(|(key, operator)| {
        let key: Key = key.into();
        wit::ExcludeElement {
            element: key.0.part,
            operator: operator.into(),
            options: key.0.options,
        }
    });
    of(Rule::Exclude(elements.collect())).with(ConstraintOption::Method(method.to_owned()))
}

impl Constraint {
    fn with(mut self, option: ConstraintOption) -> Self {
        self.0.options.push(option);
        self
    }

    /// The name. Without it, the naming convention or PostgreSQL provides one.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// The final name, to which no naming convention is applied.
    pub fn named_exactly(self, name: impl Into<String>) -> Self {
        self.named(name).with(ConstraintOption::ExactName)
    }

    /// Lets a transaction defer the check.
    pub fn deferrable(self) -> Self {
        self.with(ConstraintOption::Deferrable)
    }

    /// Checks at the end of the transaction, unless the transaction changes that. Only with [`deferrable`](Self::deferrable).
    pub fn initially_deferred(self) -> Self {
        self.with(ConstraintOption::InitiallyDeferred)
    }

    /// Checks at the end of each statement, unless the transaction changes that: the default, stated explicitly.
    pub fn initially_immediate(self) -> Self {
        self.with(ConstraintOption::InitiallyImmediate)
    }

    /// Does not check existing rows. For [`check`] and [`foreign_key`] on an existing table.
    pub fn not_valid(self) -> Self {
        self.with(ConstraintOption::NotValid)
    }

    /// Does not apply to tables that inherit from this one. For [`check`].
    pub fn no_inherit(self) -> Self {
        self.with(ConstraintOption::NoInherit)
    }

    /// Columns that the index stores in addition to the key.
    pub fn including<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        self.with(ConstraintOption::Including(strings(columns)))
    }

    /// NULL equals NULL. Requires PostgreSQL 15. For [`unique`].
    pub fn nulls_not_distinct(self) -> Self {
        self.with(ConstraintOption::NullsNotDistinct)
    }

    /// The action when the referred row is deleted. For [`foreign_key`], like the next two.
    pub fn on_delete(self, action: Action) -> Self {
        self.with(ConstraintOption::OnDelete(action))
    }

    /// The action when the referred key changes.
    pub fn on_update(self, action: Action) -> Self {
        self.with(ConstraintOption::OnUpdate(action))
    }

    /// Requires all columns to be NULL, or none of them.
    pub fn match_full(self) -> Self {
        self.with(ConstraintOption::Match(MatchKind::Full))
    }

    /// A condition for the rows to which the constraint applies. For [`exclude`].
    pub fn filter(self, condition: impl Into<String>) -> Self {
        self.with(ConstraintOption::Where(condition.into()))
    }

    /// Storage parameters of the index.
    pub fn storage(self, settings: &[(&str, &str)]) -> Self {
        self.with(ConstraintOption::Storage(pairs(settings)))
    }

    /// The tablespace of the index.
    pub fn tablespace(self, name: impl Into<String>) -> Self {
        self.with(ConstraintOption::Tablespace(name.into()))
    }

    /// Uses an existing index.
    pub fn using_index(self, name: impl Into<String>) -> Self {
        self.with(ConstraintOption::UsingIndex(name.into()))
    }

    /// The comment on the constraint.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(ConstraintOption::Comment(text.into()))
    }
}
