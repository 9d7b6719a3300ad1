//! Changes of columns.

use mighost_sdk::prelude::*;

use crate::bindings::exports::mighost::schema::columns::Change;
use crate::bindings::mighost::schema::types::{Column, ColumnOption};
use crate::choices::{label, misplaced, once};
use crate::column::identity;
use crate::name::{Name, plain, quoted_parts};
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::settings;

pub(crate) struct AlterColumn {
    pub table: String,
    pub name: String,
    pub changes: Vec<Change>,
    pub was: Option<Column>,
}

impl Operation for AlterColumn {
    fn title(&self) -> String {
        format!("alter-column {} of {}", self.name, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let table = Name::parse(&self.table, &scope.schema)?.sql();
        let column = identifier(&plain(&self.name)?);
        if self.changes.is_empty() {
            return Err("there is nothing to change: the changes are empty".to_owned());
        }
        self.check()?;
        let mut statements = Vec::new();
        let actions = self.actions()?;
        if !actions.is_empty() {
            let actions: Vec<String> = actions
                .into_iter()
                .map(|action| sql!("alter column {} {}", column, raw(action)))
                .collect();
            statements.push(sql!("alter table {} {}", table, raw(actions.join(", "))));
        }
        for change in &self.changes {
            if let Change::Comment(text) = change {
                let text = text.as_ref().map_or_else(|| raw("null"), |text| literal(text));
                statements.push(sql!("comment on column {}.{} is {}", table, column, text));
            }
        }
        for change in &self.changes {
            if let Change::Rename(name) = change {
                let name = identifier(&plain(name)?);
                statements.push(sql!("alter table {} rename column {} to {}", table, column, name));
            }
        }
        Ok(statements)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let mut reverse = Vec::new();
        let mut name = self.name.clone();
        for change in &self.changes {
            match change {
                Change::Using(_) | Change::Collation(_) => {}
                Change::Rename(new_name) => {
                    reverse.push(Change::Rename(self.name.clone()));
                    name.clone_from(new_name);
                }
                change => self.undo(change, &name, &mut reverse)?,
            }
        }
        for change in &mut reverse {
            // Under its new name, which may have been unknown to `undo`.
            if let Change::Using(expression) = change {
                *expression = using(&name, self.was.as_ref().map_or("", |was| &was.data_type));
            }
        }
        let mut distinct: Vec<Change> = Vec::new();
        for change in reverse {
            if !distinct.contains(&change) {
                distinct.push(change);
            }
        }
        undone_by(Self {
            table: self.table.clone(),
            name,
            changes: distinct,
            was: None,
        })
    }
}

/// A cast that PostgreSQL would not choose by itself.
fn using(column: &str, data_type: &str) -> String {
    sql!("{}::{}", identifier(column), raw(data_type))
}

impl AlterColumn {
    fn has(&self, wanted: impl Fn(&Change) -> bool) -> bool {
        self.changes.iter().any(wanted)
    }

    fn check(&self) -> Result<(), String> {
        once(&self.changes)?;
        let typed = self.has(|change| matches!(change, Change::DataType(_)));
        for change in &self.changes {
            if !typed && matches!(change, Change::Using(_) | Change::Collation(_)) {
                return Err(format!(
                    "{} goes with a change of data-type, and there is none",
                    label(change)
                ));
            }
        }
        for (one, other) in [
            (Change::NotNull, Change::Nullable),
            (Change::ChangeToAlways, Change::ChangeToByDefault),
        ] {
            if self.changes.contains(&one) && self.changes.contains(&other) {
                return Err(format!("it cannot be {} and {}", label(&one), label(&other)));
            }
        }
        let sources = self.changes.iter().filter(|change| {
            matches!(
                change,
                Change::Default(_) | Change::IdentityAlways(_) | Change::IdentityByDefault(_)
            )
        });
        match sources.collect::<Vec<_>>().as_slice() {
            [one, other, ..] => Err(format!("it cannot have {} and {}", label(*one), label(*other))),
            _ => Ok(()),
        }
    }

    /// The parts after ALTER COLUMN "name", ordered so that one statement can contain them: removals, then the type, then the rest.
    /// PostgreSQL orders the parts of a statement in the same way if they are of different types.
    fn actions(&self) -> Result<Vec<String>, String> {
        let mut actions = Vec::new();
        let new_default = self.has(|change| matches!(change, Change::Default(_)));
        for change in &self.changes {
            match change {
                Change::NoDefault => actions.push("drop default".to_owned()),
                Change::NoIdentity => actions.push("drop identity".to_owned()),
                Change::NoGenerated => actions.push("drop expression".to_owned()),
                // The existing default may not fit the new type.
                Change::DataType(_) if new_default => actions.push("drop default".to_owned()),
                _ => {}
            }
        }
        for change in &self.changes {
            if let Change::DataType(data_type) = change {
                actions.push(format!("type {data_type}{}", self.conversion()?));
            }
        }
        for change in &self.changes {
            match change {
                Change::NotNull => actions.push("set not null".to_owned()),
                Change::Nullable => actions.push("drop not null".to_owned()),
                Change::Default(expression) => actions.push(format!("set default {expression}")),
                Change::IdentityAlways(options) => actions.push(format!("add{}", identity("always", options)?)),
                Change::IdentityByDefault(options) => actions.push(format!("add{}", identity("by default", options)?)),
                Change::ChangeToAlways => actions.push("set generated always".to_owned()),
                Change::ChangeToByDefault => actions.push("set generated by default".to_owned()),
                Change::ChangeSequence(options) => {
                    actions.push(settings(options, "set ", true)?.trim_start().to_owned());
                }
                _ => {}
            }
        }
        Ok(actions)
    }

    /// COLLATE and USING of a new type.
    fn conversion(&self) -> Result<String, String> {
        let (mut collation, mut using) = (String::new(), String::new());
        for change in &self.changes {
            match change {
                Change::Collation(name) => collation = sql!(" collate {}", quoted_parts(name)?),
                Change::Using(expression) => using = format!(" using {expression}"),
                _ => {}
            }
        }
        Ok(collation + &using)
    }

    /// Adds the change that undoes `change` to `reverse`.
    fn undo(&self, change: &Change, name: &str, reverse: &mut Vec<Change>) -> Result<(), String> {
        let option = |wanted: fn(&ColumnOption) -> Option<Change>| {
            self.was.as_ref().and_then(|was| was.options.iter().find_map(wanted))
        };
        let not_null = self
            .was
            .as_ref()
            .map(|was| was.options.contains(&ColumnOption::NotNull));
        let old_identity = || {
            option(|option| match option {
                ColumnOption::IdentityAlways(options) => Some(Change::IdentityAlways(options.clone())),
                ColumnOption::IdentityByDefault(options) => Some(Change::IdentityByDefault(options.clone())),
                _ => None,
            })
        };
        let old_default = || {
            option(|option| match option {
                ColumnOption::Default(expression) => Some(Change::Default(expression.clone())),
                _ => None,
            })
        };
        let missing = || format!("`was` does not tell what {} has changed", label(change));
        match change {
            Change::NotNull | Change::Nullable => {
                let was_not_null = not_null.unwrap_or(*change == Change::Nullable);
                reverse.push(if was_not_null {
                    Change::NotNull
                } else {
                    Change::Nullable
                });
            }
            Change::DataType(_) => match &self.was {
                Some(was) if !was.data_type.trim().is_empty() => {
                    reverse.push(Change::DataType(was.data_type.clone()));
                    reverse.push(Change::Using(using(name, &was.data_type)));
                    reverse.extend(option(|option| match option {
                        ColumnOption::Collation(name) => Some(Change::Collation(name.clone())),
                        _ => None,
                    }));
                }
                _ => return Err(missing()),
            },
            Change::Default(_) | Change::NoDefault => match &self.was {
                Some(_) => reverse.push(old_default().unwrap_or(Change::NoDefault)),
                None => return Err(missing()),
            },
            Change::IdentityAlways(_) | Change::IdentityByDefault(_) => {
                reverse.push(Change::NoIdentity);
                reverse.extend(old_default());
            }
            Change::NoIdentity => reverse.push(old_identity().ok_or_else(missing)?),
            Change::ChangeToAlways => reverse.push(Change::ChangeToByDefault),
            Change::ChangeToByDefault => reverse.push(Change::ChangeToAlways),
            Change::ChangeSequence(_) => match old_identity() {
                Some(Change::IdentityAlways(options) | Change::IdentityByDefault(options)) if !options.is_empty() => {
                    reverse.push(Change::ChangeSequence(options));
                }
                _ => return Err(missing()),
            },
            Change::NoGenerated => {
                return Err("PostgreSQL cannot make a column that is there a generated one".to_owned());
            }
            Change::Comment(_) => match &self.was {
                Some(was) => reverse.push(Change::Comment(was.options.iter().find_map(|option| match option {
                    ColumnOption::Comment(text) => Some(text.clone()),
                    _ => None,
                }))),
                None => return Err(missing()),
            },
            other => return Err(misplaced(other, "the reverse of a column's change")),
        }
        Ok(())
    }
}
