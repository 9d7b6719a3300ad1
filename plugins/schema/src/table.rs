//! Tables.

use mighost_sdk::prelude::*;

use crate::bindings::mighost::schema::types::{Column, Constraint, DropOptions, OnCommit, Rule, Table, TableOption};
use crate::choices::{once, parameters};
use crate::column;
use crate::constraint::{self, Place};
use crate::name::{Name, plain};
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::drop_statement;

pub(crate) struct CreateTable {
    pub name: String,
    pub table: Table,
}

impl CreateTable {
    fn has(&self, option: &TableOption) -> bool {
        self.table.options.contains(option)
    }

    /// A temporary table is in a schema of its session, which statements do not name.
    fn name(&self, scope: &Scope) -> Result<Name, String> {
        let name = Name::parse(&self.name, &scope.schema)?;
        Ok(if self.has(&TableOption::Temporary) {
            Name::new("pg_temp", &name.name)
        } else {
            name
        })
    }

    /// The constraints of columns and table; the columns of the primary key form one constraint.
    fn constraints(&self) -> Result<Vec<Constraint>, String> {
        let mut constraints = Vec::new();
        let key: Vec<&Column> = self
            .table
            .columns
            .iter()
            .filter(|column| column::in_primary_key(column))
            .collect();
        let key: Vec<String> = key.iter().map(|column| column.name.clone()).collect();
        let declared = |constraint: &&Constraint| matches!(constraint.rule, Rule::PrimaryKey(_));
        if !key.is_empty() {
            if self.table.constraints.iter().any(|constraint| declared(&constraint)) {
                return Err("a primary key is said by columns and by a constraint; one of them is too much".to_owned());
            }
            constraints.push(Constraint {
                rule: Rule::PrimaryKey(key),
                options: Vec::new(),
                name: None,
            });
        }
        constraints.extend(self.table.constraints.iter().cloned());
        constraints.extend(self.table.columns.iter().flat_map(column::constraints));
        Ok(constraints)
    }

    fn elements(&self, scope: &Scope, name: &Name) -> Result<Vec<String>, String> {
        let mut elements = Vec::new();
        for column in &self.table.columns {
            elements.push(column::definition(column)?);
        }
        for constraint in &self.constraints()? {
            elements.push(constraint::clause(scope, name, constraint, Place::Table)?);
        }
        Ok(elements)
    }

    fn comments(&self, scope: &Scope, name: &Name) -> Result<Vec<String>, String> {
        let mut comments = Vec::new();
        for option in &self.table.options {
            if let TableOption::Comment(text) = option {
                comments.push(sql!("comment on table {} is {}", name.sql(), literal(text)));
            }
        }
        comments.extend(
            self.table
                .columns
                .iter()
                .filter_map(|column| column::comment(name, column)),
        );
        for constraint in &self.table.constraints {
            comments.extend(constraint::comment(scope, name, constraint)?);
        }
        Ok(comments)
    }
}

impl Operation for CreateTable {
    fn title(&self) -> String {
        format!("create-table {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let name = self.name(scope)?;
        let (mut persistence, mut partition_of) = ("", None);
        let (mut behind, mut with, mut on_commit, mut tablespace) = (String::new(), String::new(), "", String::new());
        let (mut inherits, mut partition_by, mut method) = (String::new(), String::new(), String::new());
        for option in once(&self.table.options)? {
            match option {
                TableOption::Temporary | TableOption::Unlogged if !persistence.is_empty() => {
                    return Err("a temporary table is unlogged by itself: leave out unlogged".to_owned());
                }
                TableOption::Temporary => persistence = "temporary ",
                TableOption::Unlogged => persistence = "unlogged ",
                TableOption::Inherits(parents) => {
                    let parents: Result<Vec<String>, String> = parents
                        .iter()
                        .map(|parent| Ok(Name::parse(parent, &scope.schema)?.spelled()))
                        .collect();
                    inherits = format!(" inherits ({})", parents?.join(", "));
                }
                TableOption::PartitionBy(key) => partition_by = format!(" partition by {key}"),
                TableOption::PartitionOf((parent, bounds)) => partition_of = Some((parent, bounds)),
                TableOption::Method(name) => method = sql!(" using {}", identifier(&plain(name)?)),
                TableOption::Storage(settings) => with = format!(" with ({})", parameters(settings)?),
                TableOption::OnCommit(what) => {
                    on_commit = match what {
                        OnCommit::PreserveRows => " on commit preserve rows",
                        OnCommit::DeleteRows => " on commit delete rows",
                        OnCommit::Drop => " on commit drop",
                    }
                }
                TableOption::Tablespace(name) => tablespace = sql!(" tablespace {}", identifier(&plain(name)?)),
                TableOption::IfNotExists | TableOption::Comment(_) => {}
            }
        }
        for part in [&inherits, &partition_by, &method, &with, on_commit, &tablespace] {
            behind += part;
        }
        let elements = self.elements(scope, &name)?;
        let body = if elements.is_empty() && partition_of.is_some() {
            String::new()
        } else {
            format!(" (\n    {}\n)", elements.join(",\n    "))
        };
        let body = match partition_of {
            Some((parent, bounds)) => {
                let parent = Name::parse(parent, &scope.schema)?;
                format!(" partition of {}{body} {bounds}", parent.sql())
            }
            None => body,
        };
        let mut statements = vec![sql!(
            "create {}table {}{}{}{}",
            raw(persistence),
            raw(if self.has(&TableOption::IfNotExists) {
                "if not exists "
            } else {
                ""
            }),
            name.sql(),
            raw(body),
            raw(behind)
        )];
        statements.extend(self.comments(scope, &name)?);
        Ok(statements)
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        if self.has(&TableOption::Temporary) {
            return Ok(Vec::new());
        }
        let options = if self.has(&TableOption::IfNotExists) {
            DropOptions::IF_EXISTS
        } else {
            DropOptions::empty()
        };
        undone_by(DropTable {
            name: self.name(scope)?.spelled(),
            options,
            was: None,
        })
    }

    /// Without comments, IF NOT EXISTS suffices, and no round trip is needed. With comments, an existing table must be kept as a whole,
    /// so the catalog is queried.
    fn perform(&self, scope: &Scope) -> Result<(), String> {
        let statements = self.statements(scope)?;
        if self.has(&TableOption::IfNotExists) && statements.len() > 1 && !context::offline() {
            let name = self.name(scope)?.spelled();
            let exists: bool = query_value("select pg_catalog.to_regclass($1) is not null", params![&name]);
            if exists {
                debug!("the table {name} exists and is left as it is");
                return Ok(());
            }
        }
        statements.iter().for_each(|statement| execute(statement));
        Ok(())
    }
}

pub(crate) struct DropTable {
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Table>,
}

impl Operation for DropTable {
    fn title(&self) -> String {
        format!("drop-table {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        drop_statement("table", &Name::parse(&self.name, &scope.schema)?, self.options)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell what the table was".to_owned());
        };
        undone_by(CreateTable {
            name: self.name.clone(),
            table: was.clone(),
        })
    }
}

pub(crate) struct RenameTable {
    pub name: String,
    pub new_name: String,
}

impl Operation for RenameTable {
    fn title(&self) -> String {
        format!("rename-table {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let name = Name::parse(&self.name, &scope.schema)?;
        let new_name = plain(&self.new_name)?;
        Ok(vec![sql!(
            "alter table {} rename to {}",
            name.sql(),
            identifier(&new_name)
        )])
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        let name = Name::parse(&self.name, &scope.schema)?;
        undone_by(Self {
            name: Name::new(&name.schema, &self.new_name).spelled(),
            new_name: name.name,
        })
    }
}

/// Attaching or detaching a partition.
pub(crate) struct Partition {
    pub table: String,
    pub partition: String,
    pub bounds: Option<String>,
    pub attach: bool,
}

impl Operation for Partition {
    fn title(&self) -> String {
        let what = if self.attach { "attach" } else { "detach" };
        format!("{what}-partition {} of {}", self.partition, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let table = Name::parse(&self.table, &scope.schema)?.sql();
        let partition = Name::parse(&self.partition, &scope.schema)?.sql();
        Ok(vec![match (self.attach, &self.bounds) {
            (false, _) => sql!("alter table {} detach partition {}", table, partition),
            (true, Some(bounds)) => sql!("alter table {} attach partition {} {}", table, partition, raw(bounds)),
            (true, None) => return Err("it has no bounds".to_owned()),
        }])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        if !self.attach && self.bounds.is_none() {
            return Err("`bounds` does not tell which values it held".to_owned());
        }
        undone_by(Self {
            table: self.table.clone(),
            partition: self.partition.clone(),
            bounds: self.bounds.clone(),
            attach: !self.attach,
        })
    }
}
