//! Schemas and extensions.

use mighost_sdk::prelude::*;

use crate::bindings::exports::mighost::schema::namespaces::ExtensionOption;
use crate::bindings::mighost::schema::types::{CreateOptions, DropOptions};
use crate::choices::once;
use crate::name::plain;
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::{drop_plain, dropped};

pub(crate) struct CreateSchema {
    pub name: String,
    pub options: CreateOptions,
    pub owner: Option<String>,
}

impl Operation for CreateSchema {
    fn title(&self) -> String {
        format!("create-schema {}", self.name)
    }

    fn statements(&self, _: &Scope) -> Result<Vec<String>, String> {
        let owner = match &self.owner {
            Some(owner) => sql!(" authorization {}", identifier(&plain(owner)?)),
            None => String::new(),
        };
        Ok(vec![sql!(
            "create schema {}{}{}",
            raw(if self.options.contains(CreateOptions::IF_NOT_EXISTS) {
                "if not exists "
            } else {
                ""
            }),
            identifier(&plain(&self.name)?),
            raw(owner)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        undone_by(DropSchema {
            name: self.name.clone(),
            options: dropped(self.options),
        })
    }
}

pub(crate) struct DropSchema {
    pub name: String,
    pub options: DropOptions,
}

impl Operation for DropSchema {
    fn title(&self) -> String {
        format!("drop-schema {}", self.name)
    }

    fn statements(&self, _: &Scope) -> Result<Vec<String>, String> {
        drop_plain("schema", &self.name, self.options)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        if self.options.contains(DropOptions::CASCADE) {
            return Err("nobody knows what was dropped with the schema".to_owned());
        }
        undone_by(CreateSchema {
            name: self.name.clone(),
            options: CreateOptions::empty(),
            owner: None,
        })
    }
}

pub(crate) struct CreateExtension {
    pub name: String,
    pub options: Vec<ExtensionOption>,
}

impl Operation for CreateExtension {
    fn title(&self) -> String {
        format!("create-extension {}", self.name)
    }

    fn statements(&self, _: &Scope) -> Result<Vec<String>, String> {
        let (mut if_not_exists, mut schema, mut version, mut cascade) = ("", String::new(), String::new(), "");
        for option in once(&self.options)? {
            match option {
                ExtensionOption::IfNotExists => if_not_exists = "if not exists ",
                ExtensionOption::Schema(name) => schema = sql!(" schema {}", identifier(&plain(name)?)),
                ExtensionOption::Version(text) => version = sql!(" version {}", literal(text)),
                ExtensionOption::Cascade => cascade = " cascade",
            }
        }
        Ok(vec![sql!(
            "create extension {}{}{}{}{}",
            raw(if_not_exists),
            identifier(&plain(&self.name)?),
            raw(schema),
            raw(version),
            raw(cascade)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let options = if self.options.contains(&ExtensionOption::IfNotExists) {
            DropOptions::IF_EXISTS
        } else {
            DropOptions::empty()
        };
        undone_by(DropExtension {
            name: self.name.clone(),
            options,
            was: None,
        })
    }
}

pub(crate) struct DropExtension {
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Vec<ExtensionOption>>,
}

impl Operation for DropExtension {
    fn title(&self) -> String {
        format!("drop-extension {}", self.name)
    }

    fn statements(&self, _: &Scope) -> Result<Vec<String>, String> {
        drop_plain("extension", &self.name, self.options)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(options) = &self.was else {
            return Err("`was` does not tell how it was created".to_owned());
        };
        undone_by(CreateExtension {
            name: self.name.clone(),
            options: options.clone(),
        })
    }
}
