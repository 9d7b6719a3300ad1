//! Indexes.

use mighost_sdk::database::outside_transaction;
use mighost_sdk::prelude::*;
use mighost_sdk::quote::Sql;

use crate::bindings::mighost::schema::types::{DropOptions, Index, IndexKey, IndexOption, KeyOption, KeyPart};
use crate::choices::{misplaced, once, parameters};
use crate::name::{Name, list, plain, quoted_parts};
use crate::naming::{Kind, Parts};
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::{cascade, if_exists};

/// The column of a key; `None` for an expression.
pub(crate) fn column_of(part: &KeyPart) -> Option<&str> {
    match part {
        KeyPart::Column(name) => Some(name),
        KeyPart::Expression(_) => None,
    }
}

/// A key: column or expression, collation, operator class, order.
pub(crate) fn key(part: &KeyPart, options: &[KeyOption]) -> Result<String, String> {
    let mut text = match part {
        KeyPart::Column(name) => identifier(&plain(name)?).to_string(),
        KeyPart::Expression(expression) => format!("({expression})"),
    };
    let (mut collation, mut class, mut order, mut nulls) = (String::new(), String::new(), "", "");
    for option in once(options)? {
        match option {
            KeyOption::Collation(name) => collation = sql!(" collate {}", quoted_parts(name)?),
            KeyOption::OperatorClass(name) => class = format!(" {name}"),
            KeyOption::Descending => order = " desc",
            KeyOption::NullsFirst if nulls.is_empty() => nulls = " nulls first",
            KeyOption::NullsLast if nulls.is_empty() => nulls = " nulls last",
            other => return Err(misplaced(other, "a key that says already where NULL is")),
        }
    }
    for part in [&collation, &class, order, nulls] {
        text += part;
    }
    Ok(text)
}

pub(crate) struct CreateIndex {
    pub index: Index,
    pub name: Option<String>,
}

impl CreateIndex {
    fn has(&self, option: &IndexOption) -> bool {
        self.index.options.contains(option)
    }

    fn name(&self, scope: &Scope, table: &Name, foreseen: bool) -> Result<Option<String>, String> {
        let parts = Parts {
            table: &table.name,
            columns: self.index.keys.iter().map(|key| column_of(&key.part)).collect(),
            ..Parts::default()
        };
        let exact = self.has(&IndexOption::ExactName);
        let given = self.name.as_deref();
        if foreseen {
            return scope
                .conventions
                .final_name(Kind::Index, given, exact, &parts)
                .map(Some);
        }
        scope.conventions.name(Kind::Index, given, exact, &parts)
    }

    /// The name of the new index, in the schema of its table.
    fn final_name(&self, scope: &Scope) -> Result<Name, String> {
        let table = Name::parse(&self.index.table, &scope.schema)?;
        let name = self.name(scope, &table, true)?.unwrap_or_default();
        Ok(Name::new(&table.schema, &name))
    }

    fn statement(&self, scope: &Scope) -> Result<String, String> {
        let table = Name::parse(&self.index.table, &scope.schema)?;
        if self.index.keys.is_empty() {
            return Err("it has no keys".to_owned());
        }
        let keys: Result<Vec<String>, String> = self
            .index
            .keys
            .iter()
            .map(|IndexKey { part, options }| key(part, options))
            .collect();
        let (mut method, mut including, mut nulls, mut with) = (String::new(), String::new(), "", String::new());
        let (mut tablespace, mut rows) = (String::new(), String::new());
        for option in once(&self.index.options)? {
            match option {
                IndexOption::Method(name) => method = sql!(" using {}", identifier(&plain(name)?)),
                IndexOption::Including(columns) => including = sql!(" include ({})", list(columns)?),
                IndexOption::NullsNotDistinct => nulls = " nulls not distinct",
                IndexOption::Storage(settings) => with = format!(" with ({})", parameters(settings)?),
                IndexOption::Tablespace(name) => tablespace = sql!(" tablespace {}", identifier(&plain(name)?)),
                IndexOption::Where(condition) => rows = format!(" where {condition}"),
                IndexOption::Unique
                | IndexOption::Concurrently
                | IndexOption::IfNotExists
                | IndexOption::Only
                | IndexOption::Comment(_)
                | IndexOption::ExactName => {}
            }
        }
        // IF NOT EXISTS needs a name.
        let name = self.name(scope, &table, self.has(&IndexOption::IfNotExists))?;
        let name = name.map(|name| format!("{} ", identifier(&name))).unwrap_or_default();
        Ok(sql!(
            "create {}index {}{}{}on {}{}{} ({}){}{}{}{}{}",
            raw(if self.has(&IndexOption::Unique) { "unique " } else { "" }),
            raw(if self.has(&IndexOption::Concurrently) {
                "concurrently "
            } else {
                ""
            }),
            raw(if self.has(&IndexOption::IfNotExists) {
                "if not exists "
            } else {
                ""
            }),
            raw(name),
            raw(if self.has(&IndexOption::Only) { "only " } else { "" }),
            table.sql(),
            raw(method),
            raw(keys?.join(", ")),
            raw(including),
            raw(nulls),
            raw(with),
            raw(tablespace),
            raw(rows)
        ))
    }

    fn comment(&self, scope: &Scope) -> Result<Option<String>, String> {
        let text = self.index.options.iter().find_map(|option| match option {
            IndexOption::Comment(text) => Some(text),
            _ => None,
        });
        match text {
            Some(text) => Ok(Some(sql!(
                "comment on index {} is {}",
                self.final_name(scope)?.sql(),
                literal(text)
            ))),
            None => Ok(None),
        }
    }
}

impl Operation for CreateIndex {
    fn title(&self) -> String {
        let name = self.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        format!("create-index{name} on {}", self.index.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let mut statements = vec![self.statement(scope)?];
        statements.extend(self.comment(scope)?);
        Ok(statements)
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        let mut options = DropOptions::empty();
        if self.has(&IndexOption::Concurrently) {
            options |= DropOptions::CONCURRENTLY;
        }
        if self.has(&IndexOption::IfNotExists) {
            options |= DropOptions::IF_EXISTS;
        }
        undone_by(DropIndex {
            name: self.final_name(scope)?.spelled(),
            options,
            was: None,
        })
    }

    fn perform(&self, scope: &Scope) -> Result<(), String> {
        let statements = self.statements(scope)?;
        if !self.has(&IndexOption::Concurrently) {
            statements.iter().for_each(|statement| execute(statement));
            return Ok(());
        }
        let statement = self.statement(scope)?;
        let name = self.final_name(scope);
        outside_transaction(|| {
            execute(&statement);
            if let (Ok(name), false) = (&name, context::offline()) {
                rebuild_if_invalid(&name.sql(), &statement);
            }
        });
        statements.iter().skip(1).for_each(|statement| execute(statement));
        Ok(())
    }
}

/// A concurrent build that fails leaves an invalid index, and IF NOT EXISTS would accept it as the real one. The check is made after the
/// build and not before it: in a resumed run, queries return the results that they returned before.
fn rebuild_if_invalid(name: &Sql, statement: &str) {
    let invalid: bool = query_value(
        "select exists (select from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass($1) and not indisvalid)",
        params![name.as_str()],
    );
    if invalid {
        warn!("the index {name} is left over from a build that failed: it is built again");
        execute!("drop index concurrently {}", name);
        execute(statement);
    }
}

pub(crate) struct DropIndex {
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Index>,
}

impl Operation for DropIndex {
    fn title(&self) -> String {
        format!("drop-index {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let concurrently = self.options.contains(DropOptions::CONCURRENTLY);
        if concurrently && self.options.contains(DropOptions::CASCADE) {
            return Err(
                "PostgreSQL drops nothing else with an index that is dropped concurrently: leave out cascade"
                    .to_owned(),
            );
        }
        Ok(vec![sql!(
            "drop index {}{}{}{}",
            raw(if concurrently { "concurrently " } else { "" }),
            raw(if_exists(self.options)),
            Name::parse(&self.name, &scope.schema)?.sql(),
            raw(cascade(self.options))
        )])
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell what the index was".to_owned());
        };
        let mut index = was.clone();
        let name = Name::parse(&self.name, &scope.schema)?.name;
        if !index.options.contains(&IndexOption::ExactName) {
            index.options.push(IndexOption::ExactName);
        }
        undone_by(CreateIndex {
            index,
            name: Some(name),
        })
    }

    fn perform(&self, scope: &Scope) -> Result<(), String> {
        let statements = self.statements(scope)?;
        let send = || statements.iter().for_each(|statement| execute(statement));
        if self.options.contains(DropOptions::CONCURRENTLY) {
            outside_transaction(send);
        } else {
            send();
        }
        Ok(())
    }
}
