//! Changes of a column.

use super::plugin::columns::Change;
use super::{ColumnSpec, SequenceOption, plugin};

/// Changes of a column. [`Table::alter_column`](super::Table::alter_column) begins them, and [`apply`](Self::apply) makes them.
///
/// ```no_run
/// use mighost_sdk::schema::*;
///
/// table("stations").alter_column("elevation").data_type("integer").using("round(elevation)").was(real()).apply();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "changes are made by apply()"]
pub struct AlterColumn {
    table: String,
    name: String,
    changes: Vec<Change>,
    was: Option<ColumnSpec>,
}

impl AlterColumn {
    pub(super) fn of(table: &str, name: &str) -> Self {
        Self {
            table: table.to_owned(),
            name: name.to_owned(),
            changes: Vec::new(),
            was: None,
        }
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Changes the type, written as in SQL.
    pub fn data_type(self, data_type: impl Into<String>) -> Self {
        self.with(Change::DataType(data_type.into()))
    }

    /// The expression that converts existing values. Only with [`data_type`](Self::data_type).
    pub fn using(self, expression: impl Into<String>) -> Self {
        self.with(Change::Using(expression.into()))
    }

    /// Changes the collation. Only with [`data_type`](Self::data_type).
    pub fn collate(self, name: impl Into<String>) -> Self {
        self.with(Change::Collation(name.into()))
    }

    /// Disallows NULL.
    pub fn not_null(self) -> Self {
        self.with(Change::NotNull)
    }

    /// Allows NULL.
    pub fn nullable(self) -> Self {
        self.with(Change::Nullable)
    }

    /// Changes the default.
    pub fn default(self, expression: impl Into<String>) -> Self {
        self.with(Change::Default(expression.into()))
    }

    /// Removes the default.
    pub fn no_default(self) -> Self {
        self.with(Change::NoDefault)
    }

    /// Makes the column an identity column.
    pub fn identity(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::IdentityByDefault(settings.into()))
    }

    /// Makes the column an identity column; an INSERT that gives a value is refused.
    pub fn identity_always(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::IdentityAlways(settings.into()))
    }

    /// Makes an identity column refuse values from an INSERT.
    pub fn change_to_always(self) -> Self {
        self.with(Change::ChangeToAlways)
    }

    /// Makes an identity column accept values from an INSERT.
    pub fn change_to_by_default(self) -> Self {
        self.with(Change::ChangeToByDefault)
    }

    /// Changes settings of the sequence of an identity column.
    pub fn change_sequence(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::ChangeSequence(settings.into()))
    }

    /// Makes an identity column an ordinary one.
    pub fn no_identity(self) -> Self {
        self.with(Change::NoIdentity)
    }

    /// Makes a generated column an ordinary one. It keeps its values.
    pub fn no_generated(self) -> Self {
        self.with(Change::NoGenerated)
    }

    /// Changes the comment.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(Change::Comment(Some(text.into())))
    }

    /// Removes the comment.
    pub fn no_comment(self) -> Self {
        self.with(Change::Comment(None))
    }

    /// Renames the column, after all other changes.
    pub fn rename_to(self, name: impl Into<String>) -> Self {
        self.with(Change::Rename(name.into()))
    }

    /// The column before the changes, as far as they affect it. Needed for the reverse.
    pub fn was(mut self, column: ColumnSpec) -> Self {
        self.was = Some(column);
        self
    }

    /// Makes the changes.
    pub fn apply(self) {
        let was = self.was.map(|was| was.named(&self.name));
        plugin::columns::alter_column(&self.table, &self.name, &self.changes, was.as_ref());
    }
}
