//! Adding, dropping and validating constraints.

use mighost_sdk::quote::{identifier, raw};
use mighost_sdk::sql;

use super::{Place, clause, comment, name};
use crate::bindings::mighost::schema::types::{Constraint, ConstraintOption, DropOptions, Rule};
use crate::name::{Name, plain};
use crate::operation::{Operation, Reverse, Scope, undone_by};
use crate::sequence::{cascade, if_exists};

pub(crate) struct CreateConstraint {
    pub table: String,
    pub constraint: Constraint,
}

impl Operation for CreateConstraint {
    fn title(&self) -> String {
        let what = match &self.constraint.rule {
            Rule::PrimaryKey(_) => "primary-key",
            Rule::Unique(_) => "unique-constraint",
            Rule::Check(_) => "check-constraint",
            Rule::ForeignKey(_) => "foreign-key",
            Rule::Exclude(_) => "exclude-constraint",
        };
        let name = self
            .constraint
            .name
            .as_ref()
            .map(|name| format!(" {name}"))
            .unwrap_or_default();
        format!("create-{what}{name} on {}", self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let table = Name::parse(&self.table, &scope.schema)?;
        let clause = clause(scope, &table, &self.constraint, Place::Alter)?;
        let mut statements = vec![sql!("alter table {} add {}", table.sql(), raw(clause))];
        statements.extend(comment(scope, &table, &self.constraint)?);
        Ok(statements)
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        let table = Name::parse(&self.table, &scope.schema)?;
        if self
            .constraint
            .options
            .iter()
            .any(|option| matches!(option, ConstraintOption::UsingIndex(_)))
        {
            return Err("dropping the constraint would drop the index that it took over".to_owned());
        }
        undone_by(DropConstraint {
            table: self.table.clone(),
            name: name(scope, &table, &self.constraint, true)?.unwrap_or_default(),
            options: DropOptions::empty(),
            was: None,
        })
    }
}

pub(crate) struct DropConstraint {
    pub table: String,
    pub name: String,
    pub options: DropOptions,
    pub was: Option<Constraint>,
}

impl Operation for DropConstraint {
    fn title(&self) -> String {
        format!("drop-constraint {} of {}", self.name, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        if self.options.contains(DropOptions::CONCURRENTLY) {
            return Err("only an index can be dropped concurrently".to_owned());
        }
        Ok(vec![sql!(
            "alter table {} drop constraint {}{}{}",
            Name::parse(&self.table, &scope.schema)?.sql(),
            raw(if_exists(self.options)),
            identifier(&plain(&self.name)?),
            raw(cascade(self.options))
        )])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        let Some(was) = &self.was else {
            return Err("`was` does not tell what the constraint was".to_owned());
        };
        let mut constraint = was.clone();
        constraint.name = Some(self.name.clone());
        if !constraint.options.contains(&ConstraintOption::ExactName) {
            constraint.options.push(ConstraintOption::ExactName);
        }
        undone_by(CreateConstraint {
            table: self.table.clone(),
            constraint,
        })
    }
}

pub(crate) struct ValidateConstraint {
    pub table: String,
    pub name: String,
}

impl Operation for ValidateConstraint {
    fn title(&self) -> String {
        format!("validate-constraint {} of {}", self.name, self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        Ok(vec![sql!(
            "alter table {} validate constraint {}",
            Name::parse(&self.table, &scope.schema)?.sql(),
            identifier(&plain(&self.name)?)
        )])
    }

    /// Validation changes nothing that a migration could restore.
    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        Ok(Vec::new())
    }
}
