//! The exports of the plugin: each function makes an operation of its parameters.

use mighost_sdk::prelude::*;

use crate::Schema;
use crate::alter::AlterColumn;
use crate::bindings::exports::mighost::schema::{
    columns, constraints, data, enums, indexes, namespaces, naming, objects, reversal, sequences, tables,
};
use crate::bindings::mighost::schema::types::{
    Column, Constraint, ConstraintOption, CreateOptions, DropOptions, ExcludeElement, ForeignKey, Index, IndexKey,
    IndexOption, Rule, SequenceOption, Table, TableOption,
};
use crate::column::{AddColumn, DropColumn};
use crate::constraint::{CreateConstraint, DropConstraint, ValidateConstraint};
use crate::data::BulkInsert;
use crate::enumeration::{AddValue, CreateEnum, DropEnum, RenameValue};
use crate::index::{CreateIndex, DropIndex};
use crate::namespace::{CreateExtension, CreateSchema, DropExtension, DropSchema};
use crate::naming::Conventions;
use crate::object::{Comment, Rename, SetSchema};
use crate::operation::{self, submit};
use crate::sequence::{AlterSequence, CreateSequence, DropSequence};
use crate::table::{CreateTable, DropTable, Partition, RenameTable};

impl tables::Guest for Schema {
    fn create_table(name: String, columns: Vec<Column>, constraints: Vec<Constraint>, options: Vec<TableOption>) {
        let table = Table {
            columns,
            constraints,
            options,
        };
        submit(&CreateTable { name, table });
    }

    fn drop_table(name: String, options: DropOptions, was: Option<Table>) {
        submit(&DropTable { name, options, was });
    }

    fn rename_table(name: String, new_name: String) {
        submit(&RenameTable { name, new_name });
    }

    fn attach_partition(table: String, partition: String, bounds: String) {
        submit(&Partition {
            table,
            partition,
            bounds: Some(bounds),
            attach: true,
        });
    }

    fn detach_partition(table: String, partition: String, bounds: Option<String>) {
        submit(&Partition {
            table,
            partition,
            bounds,
            attach: false,
        });
    }
}

impl columns::Guest for Schema {
    fn add_column(table: String, column: Column, options: CreateOptions) {
        submit(&AddColumn { table, column, options });
    }

    fn drop_column(table: String, name: String, options: DropOptions, was: Option<Column>) {
        submit(&DropColumn {
            table,
            name,
            options,
            was,
        });
    }

    fn alter_column(table: String, name: String, changes: Vec<columns::Change>, was: Option<Column>) {
        submit(&AlterColumn {
            table,
            name,
            changes,
            was,
        });
    }
}

fn create_constraint(table: String, rule: Rule, options: Vec<ConstraintOption>, name: Option<String>) {
    let constraint = Constraint { rule, options, name };
    submit(&CreateConstraint { table, constraint });
}

impl constraints::Guest for Schema {
    fn create_constraint(table: String, constraint: Constraint) {
        submit(&CreateConstraint { table, constraint });
    }

    fn create_primary_key(table: String, columns: Vec<String>, options: Vec<ConstraintOption>, name: Option<String>) {
        create_constraint(table, Rule::PrimaryKey(columns), options, name);
    }

    fn create_unique_constraint(
        table: String,
        columns: Vec<String>,
        options: Vec<ConstraintOption>,
        name: Option<String>,
    ) {
        create_constraint(table, Rule::Unique(columns), options, name);
    }

    fn create_check_constraint(table: String, condition: String, options: Vec<ConstraintOption>, name: Option<String>) {
        create_constraint(table, Rule::Check(condition), options, name);
    }

    fn create_foreign_key(
        table: String,
        columns: Vec<String>,
        referred_table: String,
        referred_columns: Vec<String>,
        options: Vec<ConstraintOption>,
        name: Option<String>,
    ) {
        let key = ForeignKey {
            columns,
            table: referred_table,
            referred_columns,
        };
        create_constraint(table, Rule::ForeignKey(key), options, name);
    }

    fn create_exclude_constraint(
        table: String,
        elements: Vec<ExcludeElement>,
        options: Vec<ConstraintOption>,
        name: Option<String>,
    ) {
        create_constraint(table, Rule::Exclude(elements), options, name);
    }

    fn drop_constraint(table: String, name: String, options: DropOptions, was: Option<Constraint>) {
        submit(&DropConstraint {
            table,
            name,
            options,
            was,
        });
    }

    fn validate_constraint(table: String, name: String) {
        submit(&ValidateConstraint { table, name });
    }
}

impl indexes::Guest for Schema {
    fn create_index(table: String, keys: Vec<IndexKey>, options: Vec<IndexOption>, name: Option<String>) {
        let index = Index { table, keys, options };
        submit(&CreateIndex { index, name });
    }

    fn drop_index(name: String, options: DropOptions, was: Option<Index>) {
        submit(&DropIndex { name, options, was });
    }
}

impl sequences::Guest for Schema {
    fn create_sequence(name: String, settings: Vec<SequenceOption>, options: CreateOptions) {
        submit(&CreateSequence {
            name,
            settings,
            options,
        });
    }

    fn alter_sequence(name: String, settings: Vec<SequenceOption>, was: Option<Vec<SequenceOption>>) {
        submit(&AlterSequence { name, settings, was });
    }

    fn drop_sequence(name: String, options: DropOptions, was: Option<Vec<SequenceOption>>) {
        submit(&DropSequence { name, options, was });
    }
}

impl enums::Guest for Schema {
    fn create_enum(name: String, values: Vec<String>) {
        submit(&CreateEnum { name, values });
    }

    fn drop_enum(name: String, options: DropOptions, was: Option<Vec<String>>) {
        submit(&DropEnum { name, options, was });
    }

    fn add_value(name: String, value: String, place: enums::Place, use_now: bool) {
        submit(&AddValue {
            name,
            value,
            place,
            use_now,
        });
    }

    fn rename_value(name: String, value: String, new_value: String) {
        submit(&RenameValue { name, value, new_value });
    }
}

impl namespaces::Guest for Schema {
    fn create_schema(name: String, options: CreateOptions, owner: Option<String>) {
        submit(&CreateSchema { name, options, owner });
    }

    fn drop_schema(name: String, options: DropOptions) {
        submit(&DropSchema { name, options });
    }

    fn create_extension(name: String, options: Vec<namespaces::ExtensionOption>) {
        submit(&CreateExtension { name, options });
    }

    fn drop_extension(name: String, options: DropOptions, was: Option<Vec<namespaces::ExtensionOption>>) {
        submit(&DropExtension { name, options, was });
    }
}

impl objects::Guest for Schema {
    fn comment(object: objects::Object, text: Option<String>, was: Option<String>) {
        submit(&Comment { object, text, was });
    }

    fn rename(object: objects::Object, new_name: String) {
        submit(&Rename { object, new_name });
    }

    fn set_schema(object: objects::Object, schema: String) {
        submit(&SetSchema { object, schema });
    }
}

impl data::Guest for Schema {
    fn bulk_insert(table: String, columns: Vec<String>, rows: Vec<Vec<data::Value>>, key: Vec<String>) -> u64 {
        let count = rows.len() as u64;
        submit(&BulkInsert {
            table,
            columns,
            rows,
            key,
        });
        count
    }
}

impl naming::Guest for Schema {
    fn use_convention(templates: Vec<(String, String)>) {
        match Conventions::new(templates) {
            Ok(conventions) => operation::use_conventions(conventions),
            Err(reason) => context::fail(&reason),
        }
    }
}

impl reversal::Guest for Schema {
    fn begin() {
        operation::begin();
    }

    fn end() {
        operation::end();
    }
}
