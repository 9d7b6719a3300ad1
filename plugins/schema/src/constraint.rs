//! Constraints, as in CREATE TABLE and ALTER TABLE.

mod operations;

pub(crate) use operations::{CreateConstraint, DropConstraint, ValidateConstraint};

use mighost_sdk::quote::{identifier, literal, raw};
use mighost_sdk::sql;

use crate::bindings::mighost::schema::types::{Action, Constraint, ConstraintOption, ForeignKey, MatchKind, Rule};
use crate::choices::{misplaced, once, parameters};
use crate::index;
use crate::name::{Name, list, plain};
use crate::naming::{Kind, Parts};
use crate::operation::Scope;

/// The place of a constraint's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In CREATE TABLE.
    Table,
    /// After ALTER TABLE ADD.
    Alter,
    /// After the definition of its only column.
    Column,
}

/// The name of the rule in messages, its kind for conventions, and the parts of its name.
fn parts<'a>(
    table: &'a Name,
    rule: &'a Rule,
    scope: &'a Scope,
) -> Result<(&'static str, Kind, Parts<'a>, Option<Name>), String> {
    fn names(columns: &[String]) -> Vec<Option<&str>> {
        columns.iter().map(|column| Some(column.as_str())).collect()
    }
    let mut parts = Parts {
        table: &table.name,
        ..Parts::default()
    };
    let mut referred = None;
    let (what, kind) = match rule {
        Rule::PrimaryKey(columns) => {
            parts.columns = names(columns);
            ("a primary key", Kind::PrimaryKey)
        }
        Rule::Unique(columns) => {
            parts.columns = names(columns);
            ("a unique constraint", Kind::Unique)
        }
        Rule::Check(_) => ("a check constraint", Kind::Check),
        Rule::ForeignKey(key) => {
            parts.columns = names(&key.columns);
            parts.referred_columns = names(&key.referred_columns);
            referred = Some(Name::parse(&key.table, &scope.schema)?);
            ("a foreign key", Kind::ForeignKey)
        }
        Rule::Exclude(elements) => {
            parts.columns = elements
                .iter()
                .map(|element| index::column_of(&element.element))
                .collect();
            ("an exclude constraint", Kind::Exclude)
        }
    };
    Ok((what, kind, parts, referred))
}

fn name(scope: &Scope, table: &Name, constraint: &Constraint, foreseen: bool) -> Result<Option<String>, String> {
    let (_, kind, parts, referred) = parts(table, &constraint.rule, scope)?;
    let parts = Parts {
        referred_table: referred.as_ref().map(|table| table.name.as_str()),
        ..parts
    };
    let exact = constraint.options.contains(&ConstraintOption::ExactName);
    if foreseen {
        let name = scope
            .conventions
            .final_name(kind, constraint.name.as_deref(), exact, &parts);
        return name.map(Some);
    }
    scope.conventions.name(kind, constraint.name.as_deref(), exact, &parts)
}

/// `constraint "name" unique ("a") deferrable`.
pub(crate) fn clause(scope: &Scope, table: &Name, constraint: &Constraint, place: Place) -> Result<String, String> {
    let (what, ..) = parts(table, &constraint.rule, scope)?;
    let mut text = match name(scope, table, constraint, false)? {
        Some(name) => sql!("constraint {} ", identifier(&name)),
        None => String::new(),
    };
    let options = Options::read(&constraint.options, &constraint.rule, what, place)?;
    text += &rule(scope, &constraint.rule, &options, place)?;
    for part in [options.matching, options.on_delete, options.on_update, options.timing] {
        text += &part;
    }
    Ok(text)
}

fn rule(scope: &Scope, rule: &Rule, options: &Options, place: Place) -> Result<String, String> {
    let columns = |names: &Vec<String>| match (place, names.is_empty(), &options.index) {
        (_, true, Some(_)) | (Place::Column, ..) => Ok(String::new()),
        (_, true, None) => Err("it has no columns".to_owned()),
        _ => Ok(sql!(" ({})", list(names)?)),
    };
    let text = match rule {
        Rule::PrimaryKey(_) | Rule::Unique(_) if options.index.is_some() => {
            let word = if matches!(rule, Rule::Unique(_)) {
                "unique"
            } else {
                "primary key"
            };
            let index = options.index.as_deref().unwrap_or_default();
            format!("{word} using index {}", identifier(&plain(index)?))
        }
        Rule::PrimaryKey(names) => format!("primary key{}", columns(names)?),
        Rule::Unique(names) => format!("unique{}{}", options.nulls, columns(names)?),
        Rule::Check(condition) => format!("check ({condition})"),
        Rule::ForeignKey(key) => foreign_key(scope, key, place)?,
        Rule::Exclude(elements) => {
            let elements: Result<Vec<String>, String> = elements
                .iter()
                .map(|element| {
                    let key = index::key(&element.element, &element.options)?;
                    Ok(format!("{key} with {}", element.operator))
                })
                .collect();
            format!("exclude{} ({})", options.method, elements?.join(", "))
        }
    };
    Ok(format!("{text}{}", options.storage))
}

fn foreign_key(scope: &Scope, key: &ForeignKey, place: Place) -> Result<String, String> {
    let mut text = if place == Place::Column {
        String::new()
    } else if key.columns.is_empty() {
        return Err("it has no columns".to_owned());
    } else {
        sql!("foreign key ({}) ", list(&key.columns)?)
    };
    text += &sql!("references {}", Name::parse(&key.table, &scope.schema)?.sql());
    if !key.referred_columns.is_empty() {
        if key.columns.len() != key.referred_columns.len() {
            return Err(format!(
                "{} columns cannot refer to {}",
                key.columns.len(),
                key.referred_columns.len()
            ));
        }
        text += &sql!(" ({})", list(&key.referred_columns)?);
    }
    Ok(text)
}

/// The options as text, by place.
#[derive(Default)]
struct Options {
    /// INCLUDE, WITH, USING INDEX TABLESPACE and WHERE, in this order.
    storage: String,
    nulls: &'static str,
    method: String,
    index: Option<String>,
    matching: String,
    on_delete: String,
    on_update: String,
    /// DEFERRABLE, INITIALLY, NO INHERIT, NOT VALID.
    timing: String,
}

impl Options {
    fn read(options: &[ConstraintOption], rule: &Rule, what: &str, place: Place) -> Result<Self, String> {
        use ConstraintOption as Option;
        let key = matches!(rule, Rule::PrimaryKey(_) | Rule::Unique(_));
        let exclude = matches!(rule, Rule::Exclude(_));
        let check = matches!(rule, Rule::Check(_));
        let reference = matches!(rule, Rule::ForeignKey(_));
        let mut read = Self::default();
        let (mut including, mut with, mut tablespace, mut condition) = Default::default();
        let (mut deferrable, mut initially, mut behind) = ("", "", String::new());
        for option in once(options)? {
            match option {
                Option::Deferrable if !check && deferrable.is_empty() => deferrable = " deferrable",
                Option::NotDeferrable if !check && deferrable.is_empty() => deferrable = " not deferrable",
                Option::InitiallyDeferred if !check && initially.is_empty() => initially = " initially deferred",
                Option::InitiallyImmediate if !check && initially.is_empty() => initially = " initially immediate",
                Option::Deferrable | Option::NotDeferrable | Option::InitiallyDeferred | Option::InitiallyImmediate
                    if !check =>
                {
                    return Err("it cannot be both, e.g. deferrable and not-deferrable".to_owned());
                }
                Option::NotValid if (check || reference) && place == Place::Alter => behind += " not valid",
                Option::NoInherit if check => behind.insert_str(0, " no inherit"),
                Option::Including(columns) if key || exclude => including = sql!(" include ({})", list(columns)?),
                Option::NullsNotDistinct if matches!(rule, Rule::Unique(_)) => read.nulls = " nulls not distinct",
                Option::OnDelete(action) if reference => {
                    read.on_delete = format!(" on delete {}", self::action(action)?)
                }
                Option::OnUpdate(action) if reference => {
                    read.on_update = format!(" on update {}", self::action(action)?)
                }
                Option::Match(kind) if reference => {
                    read.matching = match kind {
                        MatchKind::Simple => " match simple",
                        MatchKind::Full => " match full",
                        MatchKind::Partial => " match partial",
                    }
                    .to_owned();
                }
                Option::Method(name) if exclude => read.method = sql!(" using {}", identifier(&plain(name)?)),
                Option::Where(rows) if exclude => condition = format!(" where ({rows})"),
                Option::Storage(settings) if key || exclude => with = format!(" with ({})", parameters(settings)?),
                Option::Tablespace(name) if key || exclude => {
                    tablespace = sql!(" using index tablespace {}", identifier(&plain(name)?));
                }
                Option::UsingIndex(name) if key && place == Place::Alter => read.index = Some(name.clone()),
                Option::Comment(_) | Option::ExactName => {}
                other => {
                    let place = if place == Place::Alter {
                        ""
                    } else {
                        " that comes with its table"
                    };
                    return Err(misplaced(other, &format!("{what}{place}")));
                }
            }
        }
        read.storage = format!("{including}{with}{tablespace}{condition}");
        read.timing = format!("{deferrable}{initially}{behind}");
        Ok(read)
    }
}

fn action(action: &Action) -> Result<String, String> {
    let of = |word: &str, columns: &Vec<String>| {
        if columns.is_empty() {
            Ok(word.to_owned())
        } else {
            Ok(sql!("{} ({})", raw(word), list(columns)?))
        }
    };
    match action {
        Action::NoAction => Ok("no action".to_owned()),
        Action::Restrict => Ok("restrict".to_owned()),
        Action::Cascade => Ok("cascade".to_owned()),
        Action::SetNull(columns) => of("set null", columns),
        Action::SetDefault(columns) => of("set default", columns),
    }
}

/// The comment on the constraint, as a statement.
pub(crate) fn comment(scope: &Scope, table: &Name, constraint: &Constraint) -> Result<Option<String>, String> {
    let Some(text) = constraint.options.iter().find_map(|option| match option {
        ConstraintOption::Comment(text) => Some(text),
        _ => None,
    }) else {
        return Ok(None);
    };
    let Some(name) = name(scope, table, constraint, true)? else {
        return Ok(None);
    };
    Ok(Some(sql!(
        "comment on constraint {} on {} is {}",
        identifier(&name),
        table.sql(),
        literal(text)
    )))
}
