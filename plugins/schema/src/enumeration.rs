//! Enumerated types.

use mighost_sdk::database::outside_transaction;
use mighost_sdk::prelude::*;

use crate::bindings::exports::mighost::schema::enums::Place;
use crate::bindings::mighost::schema::types::DropOptions;
use crate::name::Name;
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::drop_statement;

/// The first version of PostgreSQL that can add a value inside a transaction.
const ADDS_IN_TRANSACTION: u32 = 120_000;

pub(crate) struct CreateEnum {
    pub name: String,
    pub values: Vec<String>,
}

impl Operation for CreateEnum {
    fn title(&self) -> String {
        format!("create-enum {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let values: Vec<String> = self.values.iter().map(|value| literal(value).into()).collect();
        Ok(vec![sql!(
            "create type {} as enum ({})",
            Name::parse(&self.name, &scope.schema)?.sql(),
            raw(values.join(", "))
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        undone_by(DropEnum {
            name: self.name.clone(),
            options: DropOptions::empty(),
            was: None,
        })
    }
}

pub(crate) struct DropEnum {
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Vec<String>>,
}

impl Operation for DropEnum {
    fn title(&self) -> String {
        format!("drop-enum {}", self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        drop_statement("type", &Name::parse(&self.name, &scope.schema)?, self.options)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(values) = &self.was else {
            return Err("`was` does not tell which values it had".to_owned());
        };
        undone_by(CreateEnum {
            name: self.name.clone(),
            values: values.clone(),
        })
    }
}

pub(crate) struct AddValue {
    pub name: String,
    pub value: String,
    pub place: Place,
    pub use_now: bool,
}

impl Operation for AddValue {
    fn title(&self) -> String {
        format!("add-value {} to {}", self.value, self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let place = match &self.place {
            Place::AtEnd => String::new(),
            Place::Before(other) => sql!(" before {}", literal(other)),
            Place::After(other) => sql!(" after {}", literal(other)),
        };
        Ok(vec![sql!(
            "alter type {} add value if not exists {}{}",
            Name::parse(&self.name, &scope.schema)?.sql(),
            literal(&self.value),
            raw(place)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        Err("PostgreSQL cannot take a value away from an enumerated type".to_owned())
    }

    fn perform(&self, scope: &Scope) -> Result<(), String> {
        let statements = self.statements(scope)?;
        let send = || statements.iter().for_each(|statement| execute(statement));
        let old = postgres::server_version().is_some_and(|version| version < ADDS_IN_TRANSACTION);
        if self.use_now || old {
            outside_transaction(send);
        } else {
            send();
        }
        Ok(())
    }
}

pub(crate) struct RenameValue {
    pub name: String,
    pub value: String,
    pub new_value: String,
}

impl Operation for RenameValue {
    fn title(&self) -> String {
        format!("rename-value {} of {}", self.value, self.name)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        Ok(vec![sql!(
            "alter type {} rename value {} to {}",
            Name::parse(&self.name, &scope.schema)?.sql(),
            literal(&self.value),
            literal(&self.new_value)
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        undone_by(Self {
            name: self.name.clone(),
            value: self.new_value.clone(),
            new_value: self.value.clone(),
        })
    }
}
