//! Sequences, and the settings that identity columns share with them.

use mighost_sdk::quote::identifier;
use mighost_sdk::{quote::raw, sql};

use crate::bindings::mighost::schema::types::{CreateOptions, DropOptions, SequenceOption};
use crate::choices::{misplaced, once};
use crate::name::{Name, list, quoted_parts};
use crate::operation::{Operation, Reverse, Scope, undone_by};

/// ` start with 5 cache 10`, with a word before each setting where ALTER COLUMN requires one.
pub(crate) fn settings(options: &[SequenceOption], before: &str, identity: bool) -> Result<String, String> {
    let mut text = String::new();
    for option in once(options)? {
        let setting = match option {
            SequenceOption::Start(number) => format!("start with {number}"),
            SequenceOption::Increment(number) => format!("increment by {number}"),
            SequenceOption::MinValue(number) => format!("minvalue {number}"),
            SequenceOption::NoMinValue => "no minvalue".to_owned(),
            SequenceOption::MaxValue(number) => format!("maxvalue {number}"),
            SequenceOption::NoMaxValue => "no maxvalue".to_owned(),
            SequenceOption::Cycle => "cycle".to_owned(),
            SequenceOption::NoCycle => "no cycle".to_owned(),
            SequenceOption::Cache(number) => format!("cache {number}"),
            SequenceOption::DataType(_) | SequenceOption::OwnedBy(_) if identity => {
                return Err(misplaced(option, "an identity column"));
            }
            SequenceOption::DataType(name) => format!("as {name}"),
            // Handled separately, because it names a table in the run's schema.
            SequenceOption::OwnedBy(_) => continue,
        };
        text += &format!(" {before}{setting}");
    }
    Ok(text)
}

/// ` owned by schema.table.column`, if the settings contain it.
fn owner(options: &[SequenceOption], scope: &Scope) -> Result<String, String> {
    let Some(owner) = options.iter().find_map(|option| match option {
        SequenceOption::OwnedBy(owner) => Some(owner),
        _ => None,
    }) else {
        return Ok(String::new());
    };
    match owner.matches('.').count() {
        1 => Ok(sql!(" owned by {}.{}", identifier(&scope.schema), quoted_parts(owner)?)),
        2 => Ok(sql!(" owned by {}", quoted_parts(owner)?)),
        _ => Err(format!(
            "owned-by takes TABLE.COLUMN or SCHEMA.TABLE.COLUMN, and not {owner}"
        )),
    }
}

pub(crate) struct CreateSequence {
    pub name: String,
    pub settings: Vec<SequenceOption>,
    pub options: CreateOptions,
}

impl Operation for CreateSequence {
    fn title(&self) -> String {
        format!("create-sequence {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        Ok(vec![sql!(
            "create sequence {}{}{}{}",
            raw(if self.options.contains(CreateOptions::IF_NOT_EXISTS) {
                "if not exists "
            } else {
                ""
            }),
            Name::parse(&self.name, &scope.schema)?.sql(),
            raw(settings(&self.settings, "", false)?),
            raw(owner(&self.settings, scope)?)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        undone_by(DropSequence {
            name: self.name.clone(),
            options: dropped(self.options),
            was: None,
        })
    }
}

/// The options with which an object that was created with these options is dropped.
pub(crate) fn dropped(options: CreateOptions) -> DropOptions {
    if options.contains(CreateOptions::IF_NOT_EXISTS) {
        DropOptions::IF_EXISTS
    } else {
        DropOptions::empty()
    }
}

pub(crate) struct AlterSequence {
    pub name: String,
    pub settings: Vec<SequenceOption>,
    pub was: Option<Vec<SequenceOption>>,
}

impl Operation for AlterSequence {
    fn title(&self) -> String {
        format!("alter-sequence {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        if self.settings.is_empty() {
            return Err("there is nothing to change: the settings are empty".to_owned());
        }
        Ok(vec![sql!(
            "alter sequence {}{}{}",
            Name::parse(&self.name, &scope.schema)?.sql(),
            raw(settings(&self.settings, "", false)?),
            raw(owner(&self.settings, scope)?)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell the settings that it had".to_owned());
        };
        undone_by(Self {
            name: self.name.clone(),
            settings: was.clone(),
            was: None,
        })
    }
}

pub(crate) struct DropSequence {
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Vec<SequenceOption>>,
}

impl Operation for DropSequence {
    fn title(&self) -> String {
        format!("drop-sequence {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        drop_statement("sequence", &Name::parse(&self.name, &scope.schema)?, self.options)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell the settings that it had".to_owned());
        };
        undone_by(CreateSequence {
            name: self.name.clone(),
            settings: was.clone(),
            options: CreateOptions::empty(),
        })
    }
}

/// `drop TYPE if exists name cascade`.
pub(crate) fn drop_statement(what: &str, name: &Name, options: DropOptions) -> Result<Vec<String>, String> {
    drop_quoted(what, name.sql().as_str(), options)
}

/// The same for a name that is not in a schema.
pub(crate) fn drop_plain(what: &str, name: &String, options: DropOptions) -> Result<Vec<String>, String> {
    drop_quoted(what, list([name])?.as_str(), options)
}

fn drop_quoted(what: &str, name: &str, options: DropOptions) -> Result<Vec<String>, String> {
    if options.contains(DropOptions::CONCURRENTLY) {
        return Err(format!(
            "only an index can be dropped concurrently, and this is a {what}"
        ));
    }
    Ok(vec![format!(
        "drop {what} {}{name}{}",
        if_exists(options),
        cascade(options)
    )])
}

pub(crate) fn if_exists(options: DropOptions) -> &'static str {
    if options.contains(DropOptions::IF_EXISTS) {
        "if exists "
    } else {
        ""
    }
}

pub(crate) fn cascade(options: DropOptions) -> &'static str {
    if options.contains(DropOptions::CASCADE) {
        " cascade"
    } else {
        ""
    }
}
