//! Columns, as in CREATE TABLE and ADD COLUMN.

use mighost_sdk::quote::{identifier, literal, qualified, raw};
use mighost_sdk::sql;

use crate::bindings::mighost::schema::types::{
    Column, ColumnOption, Constraint, ConstraintOption, CreateOptions, DropOptions, ForeignKey, Reference, Rule,
};
use crate::choices::{label, misplaced, once};
use crate::constraint::{self, Place};
use crate::name::{Name, plain, quoted_parts};
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::{cascade, dropped, if_exists, settings};

/// A column without its constraints: name, type, collation, source of its values, NOT NULL.
pub(crate) fn definition(column: &Column) -> Result<String, String> {
    let mut text = sql!("{} {}", identifier(&plain(&column.name)?), raw(data_type(column)?));
    let mut not_null = "";
    let mut source: Option<&ColumnOption> = None;
    for option in once(&column.options)? {
        let part = match option {
            ColumnOption::Collation(name) => {
                // The collation directly follows the type.
                let collation = sql!(" collate {}", quoted_parts(name)?);
                text += &collation;
                continue;
            }
            ColumnOption::NotNull if not_null == " null" => return Err(both(column, "nullable", "not-null")),
            ColumnOption::NotNull => {
                not_null = " not null";
                continue;
            }
            ColumnOption::Nullable if not_null == " not null" => return Err(both(column, "not-null", "nullable")),
            ColumnOption::Nullable => {
                not_null = " null";
                continue;
            }
            ColumnOption::Default(_)
            | ColumnOption::IdentityAlways(_)
            | ColumnOption::IdentityByDefault(_)
            | ColumnOption::Generated(_) => option,
            _ => continue,
        };
        if let Some(other) = source.replace(part) {
            return Err(both(column, &label(other), &label(part)));
        }
    }
    if let Some(source) = source {
        text += &source_clause(source)?;
    }
    text += not_null;
    Ok(text)
}

fn both(column: &Column, one: &str, other: &str) -> String {
    format!("the column {} cannot be {one} and {other}", column.name)
}

fn data_type(column: &Column) -> Result<&str, String> {
    match column.data_type.trim() {
        "" => Err(format!("the column {} has no type", column.name)),
        data_type => Ok(data_type),
    }
}

fn source_clause(option: &ColumnOption) -> Result<String, String> {
    Ok(match option {
        ColumnOption::Default(expression) => format!(" default {expression}"),
        ColumnOption::Generated(expression) => format!(" generated always as ({expression}) stored"),
        ColumnOption::IdentityAlways(options) => identity("always", options)?,
        ColumnOption::IdentityByDefault(options) => identity("by default", options)?,
        _ => String::new(),
    })
}

/// ` generated always as identity (start with 5)`.
pub(crate) fn identity(
    when: &str,
    options: &[crate::bindings::mighost::schema::types::SequenceOption],
) -> Result<String, String> {
    let settings = settings(options, "", true)?;
    let settings = if settings.is_empty() {
        settings
    } else {
        format!(" ({})", settings.trim_start())
    };
    Ok(format!(" generated {when} as identity{settings}"))
}

/// The constraints in the options of the column, except the primary key, which may consist of several columns.
pub(crate) fn constraints(column: &Column) -> Vec<Constraint> {
    let columns = || vec![column.name.clone()];
    let plain = |rule: Rule, options: Vec<ConstraintOption>| Constraint {
        rule,
        options,
        name: None,
    };
    column
        .options
        .iter()
        .filter_map(|option| {
            Some(match option {
                ColumnOption::Unique => plain(Rule::Unique(columns()), Vec::new()),
                ColumnOption::Check(condition) => plain(Rule::Check(condition.clone()), Vec::new()),
                ColumnOption::References(reference) => plain(
                    Rule::ForeignKey(ForeignKey {
                        columns: columns(),
                        table: reference.table.clone(),
                        referred_columns: referred(reference),
                    }),
                    reference.options.clone(),
                ),
                _ => return None,
            })
        })
        .collect()
}

fn referred(reference: &Reference) -> Vec<String> {
    if reference.column.is_empty() {
        Vec::new()
    } else {
        vec![reference.column.clone()]
    }
}

/// Whether the column is, or is part of, the primary key.
pub(crate) fn in_primary_key(column: &Column) -> bool {
    column.options.contains(&ColumnOption::PrimaryKey)
}

/// The comment on the column, as a statement.
pub(crate) fn comment(table: &Name, column: &Column) -> Option<String> {
    column.options.iter().find_map(|option| match option {
        ColumnOption::Comment(text) => Some(sql!(
            "comment on column {}.{} is {}",
            qualified(&table.schema, &table.name),
            identifier(&column.name),
            literal(text)
        )),
        _ => None,
    })
}

pub(crate) struct AddColumn {
    pub table: String,
    pub column: Column,
    pub options: CreateOptions,
}

impl Operation for AddColumn {
    fn title(&self) -> String {
        format!("add-column {} to {}", self.column.name, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let table = Name::parse(&self.table, &scope.schema)?;
        let mut text = definition(&self.column)?;
        // Part of the column's definition: if the column exists already, none of them is added.
        if in_primary_key(&self.column) {
            let key = Constraint {
                rule: Rule::PrimaryKey(vec![self.column.name.clone()]),
                options: Vec::new(),
                name: None,
            };
            text += &format!(" {}", constraint::clause(scope, &table, &key, Place::Column)?);
        }
        for constraint in constraints(&self.column) {
            if let Some(option) = constraint.options.iter().find(|option| {
                matches!(
                    option,
                    ConstraintOption::NotValid | ConstraintOption::Comment(_) | ConstraintOption::ExactName
                )
            }) {
                return Err(misplaced(option, "a reference that is said with its column"));
            }
            text += &format!(" {}", constraint::clause(scope, &table, &constraint, Place::Column)?);
        }
        let mut statements = vec![sql!(
            "alter table {} add column {}{}",
            table.sql(),
            raw(if self.options.contains(CreateOptions::IF_NOT_EXISTS) {
                "if not exists "
            } else {
                ""
            }),
            raw(text)
        )];
        statements.extend(comment(&table, &self.column));
        Ok(statements)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        undone_by(DropColumn {
            table: self.table.clone(),
            name: self.column.name.clone(),
            options: dropped(self.options),
            was: None,
        })
    }
}

pub(crate) struct DropColumn {
    pub table: String,
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Column>,
}

impl Operation for DropColumn {
    fn title(&self) -> String {
        format!("drop-column {} of {}", self.name, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        if self.options.contains(DropOptions::CONCURRENTLY) {
            return Err("only an index can be dropped concurrently".to_owned());
        }
        Ok(vec![sql!(
            "alter table {} drop column {}{}{}",
            Name::parse(&self.table, &scope.schema)?.sql(),
            raw(if_exists(self.options)),
            identifier(&plain(&self.name)?),
            raw(cascade(self.options))
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell what the column was".to_owned());
        };
        undone_by(AddColumn {
            table: self.table.clone(),
            column: Column {
                name: self.name.clone(),
                ..was.clone()
            },
            options: CreateOptions::empty(),
        })
    }
}
