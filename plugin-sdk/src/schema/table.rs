//! Tables: creating, changing and filling them.

use super::index::{Index, Key};
use super::plugin::types as wit;
use super::plugin::types::{OnCommit, TableOption};
use super::rows::RowValue;
use super::{AlterColumn, ColumnSpec, Constraint, CreateOptions, DropOptions, pairs, plugin, strings};

/// The number of rows that one call passes to the plugin.
const ROWS_PER_CALL: usize = 2000;

/// A table, given by its name. Columns and other properties are needed for [`create`](Self::create), and for the reverse of
/// [`drop`](Self::drop).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "say what is to be done with it, e.g. create()"]
pub struct Table {
    name: String,
    table: wit::Table,
}

/// The table `name`, or `schema.name`.
pub fn table(name: impl Into<String>) -> Table {
    Table {
        name: name.into(),
        table: wit::Table {
            columns: Vec::new(),
            constraints: Vec::new(),
            options: Vec::new(),
        },
    }
}

/// Properties.
impl Table {
    fn with(mut self, option: TableOption) -> Self {
        self.table.options.push(option);
        self
    }

    /// A column.
    pub fn column(mut self, name: impl Into<String>, column: ColumnSpec) -> Self {
        self.table.columns.push(column.named(name));
        self
    }

    /// A constraint.
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.table.constraints.push(constraint.0);
        self
    }

    /// The comment on the table.
    pub fn comment(self, text: impl Into<String>) -> Self {
        self.with(TableOption::Comment(text.into()))
    }

    /// Keeps an existing table of the same name, whatever its columns are.
    pub fn if_not_exists(self) -> Self {
        self.with(TableOption::IfNotExists)
    }

    /// Exists until the session ends.
    pub fn temporary(self) -> Self {
        self.with(TableOption::Temporary)
    }

    /// Faster, but not crash-safe.
    pub fn unlogged(self) -> Self {
        self.with(TableOption::Unlogged)
    }

    /// The text after PARTITION BY, e.g. `range (observed_at)`.
    pub fn partition_by(self, key: impl Into<String>) -> Self {
        self.with(TableOption::PartitionBy(key.into()))
    }

    /// Makes the table a partition of `parent`, with bounds such as `for values in (1, 2)` or `default`.
    pub fn partition_of(self, parent: impl Into<String>, bounds: impl Into<String>) -> Self {
        self.with(TableOption::PartitionOf((parent.into(), bounds.into())))
    }

    /// Tables from which it inherits.
    pub fn inherits<S: Into<String>>(self, parents: impl IntoIterator<Item = S>) -> Self {
        self.with(TableOption::Inherits(strings(parents)))
    }

    /// The tablespace.
    pub fn tablespace(self, name: impl Into<String>) -> Self {
        self.with(TableOption::Tablespace(name.into()))
    }

    /// Storage parameters, e.g. `fillfactor`.
    pub fn storage(self, settings: &[(&str, &str)]) -> Self {
        self.with(TableOption::Storage(pairs(settings)))
    }

    /// The access method, e.g. `heap`.
    pub fn method(self, name: impl Into<String>) -> Self {
        self.with(TableOption::Method(name.into()))
    }

    /// The effect of COMMIT on a temporary table.
    pub fn on_commit(self, what: OnCommit) -> Self {
        self.with(TableOption::OnCommit(what))
    }
}

/// Operations on the table as a whole.
impl Table {
    /// Creates the table. The reverse drops it.
    pub fn create(&self) {
        let wit::Table {
            columns,
            constraints,
            options,
        } = &self.table;
        plugin::tables::create_table(&self.name, columns, constraints, options);
    }

    /// Drops the table. The reverse creates it, if columns are given.
    pub fn drop(&self) {
        self.drop_with(DropOptions::empty());
    }

    /// As [`drop`](Self::drop), e.g. with `DropOptions::IF_EXISTS | DropOptions::CASCADE`.
    pub fn drop_with(&self, options: DropOptions) {
        let told = !self.table.columns.is_empty() || !self.table.options.is_empty();
        plugin::tables::drop_table(&self.name, options, told.then_some(&self.table));
    }

    /// Renames the table, within its schema.
    pub fn rename_to(&self, new_name: &str) {
        plugin::tables::rename_table(&self.name, new_name);
    }

    /// Makes `partition` a partition of this table, with bounds such as `for values in (1, 2)`.
    pub fn attach_partition(&self, partition: &str, bounds: &str) {
        plugin::tables::attach_partition(&self.name, partition, bounds);
    }

    /// Makes a partition a table of its own. The reverse attaches it again, if bounds are given.
    pub fn detach_partition(&self, partition: &str, bounds: Option<&str>) {
        plugin::tables::detach_partition(&self.name, partition, bounds);
    }
}

/// Operations on the columns, constraints, indexes and rows of the table.
impl Table {
    /// Adds a column.
    pub fn add_column(&self, name: &str, column: ColumnSpec) {
        plugin::columns::add_column(&self.name, &column.named(name), CreateOptions::empty());
    }

    /// Adds a column, unless one of the same name exists.
    pub fn add_column_if_not_exists(&self, name: &str, column: ColumnSpec) {
        plugin::columns::add_column(&self.name, &column.named(name), CreateOptions::IF_NOT_EXISTS);
    }

    /// Drops a column. There is no reverse: [`drop_column_was`](Self::drop_column_was) has one.
    pub fn drop_column(&self, name: &str) {
        self.drop_column_with(name, DropOptions::empty());
    }

    /// As [`drop_column`](Self::drop_column), e.g. with `DropOptions::IF_EXISTS`.
    pub fn drop_column_with(&self, name: &str, options: DropOptions) {
        plugin::columns::drop_column(&self.name, name, options, None);
    }

    /// Drops a column that the reverse adds again. Its values are lost.
    pub fn drop_column_was(&self, name: &str, column: ColumnSpec) {
        plugin::columns::drop_column(&self.name, name, DropOptions::empty(), Some(&column.named(name)));
    }

    /// Changes a column.
    pub fn alter_column(&self, name: &str) -> AlterColumn {
        AlterColumn::of(&self.name, name)
    }

    /// Adds a constraint.
    pub fn add_constraint(&self, constraint: Constraint) {
        plugin::constraints::create_constraint(&self.name, &constraint.0);
    }

    /// Drops a constraint. There is no reverse: [`drop_constraint_was`](Self::drop_constraint_was) has one.
    pub fn drop_constraint(&self, name: &str) {
        self.drop_constraint_with(name, DropOptions::empty());
    }

    /// As [`drop_constraint`](Self::drop_constraint), e.g. with `DropOptions::CASCADE`.
    pub fn drop_constraint_with(&self, name: &str, options: DropOptions) {
        plugin::constraints::drop_constraint(&self.name, name, options, None);
    }

    /// Drops a constraint that the reverse adds again.
    pub fn drop_constraint_was(&self, name: &str, constraint: Constraint) {
        plugin::constraints::drop_constraint(&self.name, name, DropOptions::empty(), Some(&constraint.0));
    }

    /// Validates a constraint that was added as [`Constraint::not_valid`].
    pub fn validate_constraint(&self, name: &str) {
        plugin::constraints::validate_constraint(&self.name, name);
    }

    /// An index of this table, on columns and [`expression`](super::expression)s.
    pub fn index<K: Into<Key>>(&self, keys: impl IntoIterator<Item = K>) -> Index {
        Index::of(&self.name, keys)
    }

    /// Inserts rows; see [`rows!`](crate::rows). There is no reverse: [`insert_by`](Self::insert_by) has one.
    ///
    /// ```no_run
    /// use mighost_sdk::rows;
    /// use mighost_sdk::schema::table;
    ///
    /// table("flags").insert(["flag_id", "name", "note"], rows![
    ///     1, "doubtful", None::<&str>;
    ///     2, "estimated", "By the observer";
    /// ]);
    /// ```
    pub fn insert<S: Into<String>>(
        &self,
        columns: impl IntoIterator<Item = S>,
        rows: impl IntoIterator<Item = Vec<RowValue>>,
    ) {
        self.insert_by::<S, &str>([], columns, rows);
    }

    /// Inserts rows. The reverse deletes the rows with the same values in the columns `key`.
    pub fn insert_by<S: Into<String>, K: Into<String>>(
        &self,
        key: impl IntoIterator<Item = K>,
        columns: impl IntoIterator<Item = S>,
        rows: impl IntoIterator<Item = Vec<RowValue>>,
    ) {
        let (key, columns) = (strings(key), strings(columns));
        let mut rows = rows.into_iter();
        loop {
            let batch: Vec<Vec<RowValue>> = rows.by_ref().take(ROWS_PER_CALL).collect();
            if batch.is_empty() {
                return;
            }
            plugin::data::bulk_insert(&self.name, &columns, &batch, &key);
        }
    }
}
