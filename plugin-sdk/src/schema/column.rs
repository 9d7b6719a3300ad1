//! Column specifications: everything about a column except its name.

use super::plugin::types::{Action, Column, ColumnOption, ConstraintOption, Reference, SequenceOption};

/// The type and the other properties of a column. Made by [`integer`], [`text`] and similar functions, or by [`typed`].
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a column is made by giving it to a table"]
pub struct ColumnSpec {
    data_type: String,
    options: Vec<ColumnOption>,
}

/// A column of any type, as written in SQL: `typed("geometry(Point, 4326)")`.
pub fn typed(data_type: impl Into<String>) -> ColumnSpec {
    ColumnSpec {
        data_type: data_type.into(),
        options: Vec::new(),
    }
}

macro_rules! types {
    ($($function:ident => $data_type:literal),* $(,)?) => {
        $(#[doc = concat!("A column of type `", $data_type, "`.")]
        pub fn $function() -> ColumnSpec {
            typed($data_type)
        })*
    };
}

types! {
    smallint => "smallint", integer => "integer", bigint => "bigint", serial => "serial", bigserial => "bigserial",
    real => "real", double => "double precision", boolean => "boolean", text => "text", bytea => "bytea",
    date => "date", time => "time", timestamp => "timestamp", timestamptz => "timestamptz", interval => "interval",
    json => "json", jsonb => "jsonb", uuid => "uuid",
}

/// A column of type `varchar(length)`.
pub fn varchar(length: u32) -> ColumnSpec {
    typed(format!("varchar({length})"))
}

/// A column of type `numeric(precision, scale)`.
pub fn numeric(precision: u32, scale: i32) -> ColumnSpec {
    typed(format!("numeric({precision}, {scale})"))
}

impl ColumnSpec {
    fn with(mut self, option: ColumnOption) -> Self {
        self.options.push(option);
        self
    }

    /// Does not allow NULL. By default NULL is allowed.
    pub fn not_null(self) -> Self {
        self.with(ColumnOption::NotNull)
    }

    /// The value that an INSERT uses by default: an expression, e.g. `now()` or `'unknown'`.
    pub fn default(self, expression: impl Into<String>) -> Self {
        self.with(ColumnOption::Default(expression.into()))
    }

    /// Takes numbers from a sequence of its own, unless an INSERT gives a value.
    pub fn identity(self) -> Self {
        self.identity_with([])
    }

    /// As [`identity`](Self::identity), with settings of the sequence.
    pub fn identity_with(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(ColumnOption::IdentityByDefault(settings.into()))
    }

    /// Takes numbers from a sequence of its own; an INSERT that gives a value is refused.
    pub fn identity_always(self) -> Self {
        self.identity_always_with([])
    }

    /// As [`identity_always`](Self::identity_always), with settings of the sequence.
    pub fn identity_always_with(self, settings: impl Into<Vec<SequenceOption>>) -> Self {
        self.with(ColumnOption::IdentityAlways(settings.into()))
    }

    /// Computes the value from the other columns and stores it.
    pub fn generated(self, expression: impl Into<String>) -> Self {
        self.with(ColumnOption::Generated(expression.into()))
    }

    /// The collation, e.g. `C`.
    pub fn collate(self, name: impl Into<String>) -> Self {
        self.with(ColumnOption::Collation(name.into()))
    }

    /// The comment on the column.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(ColumnOption::Comment(text.into()))
    }

    /// Part of the primary key, together with all other columns of the table for which this is called.
    pub fn primary_key(self) -> Self {
        self.with(ColumnOption::PrimaryKey)
    }

    /// Does not allow a value twice.
    pub fn unique(self) -> Self {
        self.with(ColumnOption::Unique)
    }

    /// A condition that each row must meet.
    pub fn check(self, condition: impl Into<String>) -> Self {
        self.with(ColumnOption::Check(condition.into()))
    }

    /// A foreign key. An empty `column` means the primary key of the table.
    pub fn references(self, table: impl Into<String>, column: impl Into<String>) -> Self {
        self.with(ColumnOption::References(Reference {
            table: table.into(),
            column: column.into(),
            options: Vec::new(),
        }))
    }

    /// The action when the row that this column [`references`](Self::references) is deleted.
    pub fn on_delete(self, action: Action) -> Self {
        self.of_reference(ConstraintOption::OnDelete(action))
    }

    /// The action when the key that this column [`references`](Self::references) changes.
    pub fn on_update(self, action: Action) -> Self {
        self.of_reference(ConstraintOption::OnUpdate(action))
    }

    fn of_reference(mut self, option: ConstraintOption) -> Self {
        let Some(ColumnOption::References(reference)) = self.options.last_mut() else {
            panic!("on_delete and on_update stand behind references(..)");
        };
        reference.options.push(option);
        self
    }

    pub(super) fn named(self, name: impl Into<String>) -> Column {
        Column {
            name: name.into(),
            data_type: self.data_type,
            options: self.options,
        }
    }
}
