//! Generated names: the project's conventions, with SQLAlchemy's tokens, and PostgreSQL's own names.

use std::collections::BTreeMap;

use mighost_sdk::prelude::*;

use crate::digest::md5;
use crate::name::{MAX_NAME, plain};

/// A kind of object for which there can be a convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    PrimaryKey,
    Unique,
    Check,
    ForeignKey,
    Exclude,
    Index,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::PrimaryKey,
        Self::Unique,
        Self::Check,
        Self::ForeignKey,
        Self::Exclude,
        Self::Index,
    ];

    /// The name of the kind in conventions, the same as in SQLAlchemy if it has one.
    fn word(self) -> &'static str {
        match self {
            Self::PrimaryKey => "pk",
            Self::Unique => "uq",
            Self::Check => "ck",
            Self::ForeignKey => "fk",
            Self::Exclude => "ex",
            Self::Index => "ix",
        }
    }

    /// The suffix of the names that PostgreSQL generates.
    fn ending(self) -> &'static str {
        match self {
            Self::PrimaryKey => "pkey",
            Self::Unique => "key",
            Self::Check => "check",
            Self::ForeignKey => "fkey",
            Self::Exclude => "excl",
            Self::Index => "idx",
        }
    }
}

/// A template for each kind that has one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conventions(BTreeMap<Kind, String>);

/// The parts of a name. A column is `None` if a key is an expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts<'a> {
    pub table: &'a str,
    pub columns: Vec<Option<&'a str>>,
    pub referred_table: Option<&'a str>,
    pub referred_columns: Vec<Option<&'a str>>,
}

impl Conventions {
    /// The conventions in the project's arguments.
    pub fn of_project() -> Result<Self, String> {
        let given = Kind::ALL.iter().filter_map(|kind| {
            let template = context::argument(&format!("naming-{}", kind.word()))?;
            Some((kind.word().to_owned(), template))
        });
        Self::new(given.collect())
    }

    pub fn new(templates: Vec<(String, String)>) -> Result<Self, String> {
        let mut conventions = BTreeMap::new();
        for (word, template) in templates {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == word) else {
                return Err(format!(
                    "there is no naming convention for {word}: there are pk, uq, ck, fk, ex and ix"
                ));
            };
            conventions.insert(kind, template);
        }
        Ok(Self(conventions))
    }

    /// The name of a new constraint or index; `None` if PostgreSQL has to generate it.
    pub fn name(
        &self,
        kind: Kind,
        given: Option<&str>,
        exact: bool,
        parts: &Parts<'_>,
    ) -> Result<Option<String>, String> {
        let template = self.0.get(&kind).filter(|_| !exact);
        let uses_given = template.is_some_and(|template| template.contains("%(constraint_name)s"));
        match (template, given) {
            (Some(template), None) => expand(template, None, parts).map(|name| Some(shortened(name))),
            (Some(template), Some(given)) if uses_given => {
                expand(template, Some(given), parts).map(|name| Some(shortened(name)))
            }
            (_, Some(given)) => plain(given).map(Some),
            (None, None) if exact => Err("the option exact-name needs a name".to_owned()),
            (None, None) => Ok(None),
        }
    }

    /// The final name of an object that was requested as `name`, including names that PostgreSQL generates.
    pub fn final_name(
        &self,
        kind: Kind,
        given: Option<&str>,
        exact: bool,
        parts: &Parts<'_>,
    ) -> Result<String, String> {
        match self.name(kind, given, exact, parts)? {
            Some(name) => Ok(name),
            None => postgres_name(kind, parts)
                .ok_or_else(|| "it has no name that could be foreseen: give it one".to_owned()),
        }
    }
}

fn expand(template: &str, given: Option<&str>, parts: &Parts<'_>) -> Result<String, String> {
    let mut name = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("%(") {
        name.push_str(&rest[..start]);
        let Some(end) = rest[start..].find(")s") else {
            return Err(format!(
                "the naming convention {template} has a token that is not closed: %(NAME)s"
            ));
        };
        let token = &rest[start + 2..start + end];
        match value(token, given, parts)? {
            Some(value) => name.push_str(&value),
            None => {
                return Err(format!(
                    "the naming convention {template} cannot name it: %({token})s has no value here; give it a name"
                ));
            }
        }
        rest = &rest[start + end + 2..];
    }
    name.push_str(rest);
    Ok(name)
}

/// The value of a token; `None` if this constraint has no value for it.
fn value(token: &str, given: Option<&str>, parts: &Parts<'_>) -> Result<Option<String>, String> {
    let owned = |text: &str| text.to_owned();
    match token {
        "table_name" => return Ok(Some(owned(parts.table))),
        "referred_table_name" => return Ok(parts.referred_table.map(owned)),
        "constraint_name" => return Ok(given.map(owned)),
        _ => {}
    }
    let unknown = || format!("%({token})s is no token of naming conventions");
    let (columns, table, column) = match token.strip_prefix("referred_") {
        Some(column) => (
            &parts.referred_columns,
            parts.referred_table.unwrap_or_default(),
            column,
        ),
        None => (&parts.columns, parts.table, token),
    };
    let column = column.strip_prefix("column_").ok_or_else(unknown)?;
    let digits = column.find(|c: char| !c.is_ascii_digit()).ok_or_else(unknown)?;
    let (number, what) = column.split_at(digits);
    let number: usize = number.parse().map_err(|_| unknown())?;
    let (all, separator, what) = match (what.strip_prefix("N_"), what.strip_prefix("_N_")) {
        (Some(what), _) => (true, "", what),
        (_, Some(what)) => (true, "_", what),
        _ => (false, "", what.strip_prefix('_').ok_or_else(unknown)?),
    };
    let part = |name: &str| match what {
        "name" | "key" => Ok(owned(name)),
        "label" => Ok(format!("{table}_{name}")),
        _ => Err(unknown()),
    };
    let chosen: Vec<&Option<&str>> = if all {
        columns.iter().skip(number).collect()
    } else {
        columns.iter().skip(number).take(1).collect()
    };
    if chosen.is_empty() || chosen.iter().any(|column| column.is_none()) {
        part("").map(|_| None)
    } else {
        let parts: Result<Vec<String>, String> = chosen.into_iter().flatten().map(|name| part(name)).collect();
        Ok(Some(parts?.join(separator)))
    }
}

/// A name of the allowed length, truncated as in SQLAlchemy.
fn shortened(name: String) -> String {
    let longest = MAX_NAME;
    if name.chars().count() <= longest {
        return name;
    }
    let kept: String = name.chars().take(longest - 8).collect();
    let digest = md5(&name);
    format!("{kept}_{}", &digest[digest.len() - 4..])
}

/// The name that PostgreSQL generates if none is taken yet: its `makeObjectName`.
fn postgres_name(kind: Kind, parts: &Parts<'_>) -> Option<String> {
    let columns = match kind {
        Kind::PrimaryKey => String::new(),
        // PostgreSQL parses the condition for it.
        Kind::Check => return None,
        _ => {
            let columns: Option<Vec<&str>> = parts.columns.iter().copied().collect();
            columns?.join("_")
        }
    };
    let room = MAX_NAME - kind.ending().len() - 1 - usize::from(!columns.is_empty());
    let (mut table, mut columns) = (parts.table.to_owned(), columns);
    while table.len() + columns.len() > room {
        let longer = if table.len() > columns.len() {
            &mut table
        } else {
            &mut columns
        };
        longer.pop();
    }
    let middle = if columns.is_empty() {
        String::new()
    } else {
        format!("_{columns}")
    };
    Some(format!("{table}{middle}_{}", kind.ending()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts<'static> {
        Parts {
            table: "stations",
            columns: vec![Some("network_id"), Some("native_id")],
            referred_table: Some("networks"),
            referred_columns: vec![Some("id")],
        }
    }

    fn named(template: &str, given: Option<&str>) -> Result<Option<String>, String> {
        let conventions = Conventions::new(vec![("uq".into(), template.into())])?;
        conventions.name(Kind::Unique, given, false, &parts())
    }

    #[test]
    fn tokens_have_their_values() {
        for (template, name) in [
            ("uq_%(table_name)s_%(column_0_name)s", "uq_stations_network_id"),
            ("%(column_0_label)s", "stations_network_id"),
            ("%(column_1_name)s", "native_id"),
            ("%(column_0N_name)s", "network_idnative_id"),
            ("%(column_0_N_name)s", "network_id_native_id"),
            ("%(column_0_N_key)s!", "network_id_native_id!"),
            ("%(referred_table_name)s.%(referred_column_0_name)s", "networks.id"),
        ] {
            assert_eq!(named(template, None), Ok(Some(name.to_owned())), "{template}");
        }
        assert_eq!(named("uq_%(constraint_name)s", Some("x")), Ok(Some("uq_x".into())));
        assert_eq!(named("uq_%(table_name)s", Some("x")), Ok(Some("x".into())));
    }

    #[test]
    fn what_cannot_be_named_is_told() {
        insta::assert_snapshot!(named("%(constraint_name)s", None).unwrap_err(), @"the naming convention %(constraint_name)s cannot name it: %(constraint_name)s has no value here; give it a name");
        insta::assert_snapshot!(named("%(colum)s", None).unwrap_err(), @"%(colum)s is no token of naming conventions");
        insta::assert_snapshot!(named("%(column_0_size)s", None).unwrap_err(), @"%(column_0_size)s is no token of naming conventions");
        insta::assert_snapshot!(named("%(column_0_name", None).unwrap_err(), @"the naming convention %(column_0_name has a token that is not closed: %(NAME)s");
        insta::assert_snapshot!(Conventions::new(vec![("xx".into(), String::new())]).unwrap_err(), @"there is no naming convention for xx: there are pk, uq, ck, fk, ex and ix");
    }

    #[test]
    fn long_names_are_cut() {
        // The results of SQLAlchemy 2.1.
        let long = shortened(format!("uq_{}", "a_long_name_of_a_table_".repeat(4)));
        assert_eq!(long.len(), 60);
        assert!(long.starts_with("uq_a_long_name_of_a_table_a_long"));
        let table = "t".repeat(40);
        let column = "c".repeat(40);
        let parts = Parts {
            table: &table,
            columns: vec![Some(&column)],
            ..Parts::default()
        };
        let name = postgres_name(Kind::Unique, &parts).unwrap();
        assert_eq!(name, format!("{}_{}_key", "t".repeat(29), "c".repeat(29)));
    }
}
