//! Changes of a column.

use super::plugin::columns::Change;
use super::{ColumnSpec, SequenceOption, plugin};

/// Changes of a column; [`Table::alter_column`](super::Table::alter_column) begins them, [`apply`](Self::apply) makes them.
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

    /// Another type, as SQL writes it.
    pub fn data_type(self, data_type: impl Into<String>) -> Self {
        self.with(Change::DataType(data_type.into()))
    }

    /// How the new values come from the old ones. With [`data_type`](Self::data_type).
    pub fn using(self, expression: impl Into<String>) -> Self {
        self.with(Change::Using(expression.into()))
    }

    /// The order of texts. With [`data_type`](Self::data_type).
    pub fn collate(self, name: impl Into<String>) -> Self {
        self.with(Change::Collation(name.into()))
    }

    /// No NULL from here on.
    pub fn not_null(self) -> Self {
        self.with(Change::NotNull)
    }

    /// NULL may be from here on.
    pub fn nullable(self) -> Self {
        self.with(Change::Nullable)
    }

    /// Another default.
    pub fn default(self, expression: impl Into<String>) -> Self {
        self.with(Change::Default(expression.into()))
    }

    /// No default.
    pub fn no_default(self) -> Self {
        self.with(Change::NoDefault)
    }

    /// It becomes an identity column.
    pub fn identity(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::IdentityByDefault(settings.into()))
    }

    /// It becomes an identity column that takes no values from an INSERT.
    pub fn identity_always(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::IdentityAlways(settings.into()))
    }

    /// An identity column takes no values from an INSERT any more.
    pub fn change_to_always(self) -> Self {
        self.with(Change::ChangeToAlways)
    }

    /// An identity column takes values from an INSERT.
    pub fn change_to_by_default(self) -> Self {
        self.with(Change::ChangeToByDefault)
    }

    /// Settings of the sequence of an identity column.
    pub fn change_sequence(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(Change::ChangeSequence(settings.into()))
    }

    /// It is no identity column any more.
    pub fn no_identity(self) -> Self {
        self.with(Change::NoIdentity)
    }

    /// A generated column becomes a plain one, with the values that it has.
    pub fn no_generated(self) -> Self {
        self.with(Change::NoGenerated)
    }

    /// Another comment.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(Change::Comment(Some(text.into())))
    }

    /// No comment.
    pub fn no_comment(self) -> Self {
        self.with(Change::Comment(None))
    }

    /// Another name, after all other changes.
    pub fn rename_to(self, name: impl Into<String>) -> Self {
        self.with(Change::Rename(name.into()))
    }

    /// What the column was, as far as it changes: for the reverse.
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
