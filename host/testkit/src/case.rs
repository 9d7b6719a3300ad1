//! The format of test files: TOML, with places for errors and for `--update`. docs/testing.md documents it.

mod error;
mod expected;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use mighost_core::{DatabaseError, Direction, Rows, TransactionMode};
use mighost_runtime::StepInfo;

pub use error::FileError;
pub use expected::{Expected, Sent, contains_text, matches_sql};
pub use value::{Cell, list, string};

/// The maximum size of a test file, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// A test file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TestFile {
    /// The tested revision, if its folder contains several.
    pub revision: Option<Spanned<String>>,
    /// Defaults for all cases.
    #[serde(default)]
    pub context: Context,
    /// Requirements on the server of all cases with a database.
    #[serde(default)]
    pub needs: Needs,
    /// Values that calls refer to as `$name`.
    #[serde(default)]
    pub values: BTreeMap<String, Given>,
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
    #[serde(default, rename = "database")]
    pub databases: Vec<DatabaseCase>,
}

impl TestFile {
    /// Reads a test file; `shown` is its path in errors.
    ///
    /// # Errors
    /// If it cannot be read, is not TOML, or has fields that test files do not have.
    pub fn read(path: &Path, shown: &Path) -> Result<(Self, String), FileError> {
        let failed = |error: std::io::Error| FileError::unreadable(shown, error.to_string());
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > MAX_FILE {
            return Err(FileError::unreadable(
                shown,
                format!("it has {size} bytes; the limit is {MAX_FILE}"),
            ));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Ok((Self::parse(shown, &text)?, text))
    }

    pub fn parse(shown: &Path, text: &str) -> Result<Self, FileError> {
        let file: Self = toml::from_str(text).map_err(|error| FileError::of_toml(shown, text, &error))?;
        file.check(shown, text)?;
        Ok(file)
    }

    /// Checks beyond the types.
    fn check(&self, shown: &Path, text: &str) -> Result<(), FileError> {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let cases = self.cases.iter().map(|case| &case.name);
        for name in cases.chain(self.databases.iter().map(|case| &case.name)) {
            let line = line_of(text, name.span());
            if name.get_ref().trim().is_empty() {
                return Err(FileError::at(shown, text, name.span(), "a case needs a name"));
            }
            if let Some(first) = names.insert(name.get_ref(), line) {
                let what = format!("the case on line {first} has the same name");
                return Err(FileError::at(shown, text, name.span(), what));
            }
        }
        for case in &self.databases {
            if case.call.is_none() && case.upgrade.is_none() && case.downgrade.is_none() && case.at.is_none() {
                let what = "the case does nothing: it needs `call`, `upgrade`, `downgrade` or `at`";
                return Err(FileError::at(shown, text, case.name.span(), what));
            }
            if case.context.server_version.is_some() || case.context.offline.is_some() {
                let what = "a case with a database uses its server's version and is never offline; restrict the servers with `needs`";
                return Err(FileError::at(shown, text, case.name.span(), what));
            }
            for check in &case.checks {
                if let Some(rows) = &check.rows
                    && (check.error.is_some() || check.sqlstate.is_some())
                {
                    let what = "a check has either `rows`, or `error` and `sqlstate`";
                    return Err(FileError::at(shown, text, rows.span(), what));
                }
            }
        }
        Ok(())
    }
}

/// The line, counted from 1, on which `span` begins.
pub fn line_of(text: &str, span: Range<usize>) -> usize {
    text.as_bytes()
        .iter()
        .take(span.start)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// The settings of the run that guests see.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Context {
    pub schema: Option<String>,
    pub superuser_role: Option<String>,
    #[serde(default)]
    pub args: BTreeMap<String, String>,
    pub offline: Option<bool>,
    /// As `server_version_num`.
    pub server_version: Option<u32>,
    /// The result of `context.revision` for a plugin.
    pub revision: Option<String>,
    pub direction: Option<Direction>,
    /// The data that `step-info` returns to a hook.
    pub step: Option<StepInfo>,
}

impl Context {
    /// The result of `context.current-direction` for a plugin.
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Upgrade)
    }

    /// These settings, with `below` as defaults.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let mut args = below.args.clone();
        args.extend(self.args.clone());
        Self {
            schema: self.schema.clone().or_else(|| below.schema.clone()),
            superuser_role: self.superuser_role.clone().or_else(|| below.superuser_role.clone()),
            args,
            offline: self.offline.or(below.offline),
            server_version: self.server_version.or(below.server_version),
            revision: self.revision.clone().or_else(|| below.revision.clone()),
            direction: self.direction.or(below.direction),
            step: self.step.clone().or_else(|| below.step.clone()),
        }
    }
}

/// Requirements of a case on servers; on others it is skipped.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Needs {
    /// The first supported major version.
    pub server_from: Option<u32>,
    /// The first major version that is no longer supported.
    pub server_below: Option<u32>,
    /// Extensions that must be available.
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// A value for calls.
#[derive(Clone, Debug)]
pub enum Given {
    /// In WAVE.
    Wave(String),
    /// A replaceable object.
    Object(ObjectTable),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectTable {
    pub kind: String,
    pub name: String,
    pub definition: String,
    /// Pairs rather than a table: their order matters, and names may repeat.
    #[serde(default)]
    pub options: Vec<(String, String)>,
}

/// One call, or several that share their plugins' instances.
#[derive(Clone, Debug)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// A case without a database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    pub name: Spanned<String>,
    pub call: Spanned<OneOrMany>,
    #[serde(default)]
    pub context: Context,
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// All statements, in order, without queries.
    pub statements: Option<Spanned<Vec<Spanned<Expected>>>>,
    /// Statements that must be sent, in any order.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Statements that must not be sent.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Parts of the guests' messages.
    #[serde(default)]
    pub messages: Vec<String>,
    /// Results in WAVE: of the last call, or of each.
    pub returns: Option<Spanned<OneOrMany>>,
    /// A part of the error message.
    pub error: Option<Spanned<String>>,
    /// The reason why the case is not run.
    pub skip: Option<String>,
}

/// An answer to a query.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    /// The statement, or a pattern.
    pub to: String,
    /// If given, the parameters must be these.
    pub parameters: Option<Vec<Cell>>,
    pub columns: Option<Vec<String>>,
    pub rows: Option<Vec<Vec<Cell>>>,
    /// The number of rows that a statement affected.
    pub count: Option<u64>,
    pub error: Option<AnswerError>,
    /// Whether it may be used any number of times, including zero; otherwise exactly once.
    #[serde(default)]
    pub always: bool,
    /// The result as a component gives it, with types and all fields.
    #[serde(skip)]
    pub whole: Option<Result<Rows, DatabaseError>>,
}

/// An error of the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerError {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

/// A case with a database of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseCase {
    pub name: Spanned<String>,
    #[serde(default)]
    pub context: Context,
    #[serde(default)]
    pub needs: Needs,
    /// The revision of the database at the beginning; the base by default.
    pub at: Option<String>,
    /// SQL that the superuser runs, with the schema first on the search path.
    pub setup: Option<String>,
    pub call: Option<Spanned<OneOrMany>>,
    pub upgrade: Option<String>,
    pub downgrade: Option<String>,
    pub returns: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    pub messages: Vec<String>,
    pub error: Option<Spanned<String>>,
    pub sqlstate: Option<String>,
    /// Objects that must exist afterwards, e.g. `table stations`.
    #[serde(default)]
    pub exists: Vec<String>,
    /// Objects that must not exist.
    #[serde(default)]
    pub missing: Vec<String>,
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Whether it needs a server of its own, e.g. because it creates roles.
    #[serde(default)]
    pub own_server: bool,
    /// Overrides the setting of the project and the revision, for calls.
    pub transaction: Option<TransactionMode>,
    /// The plugins whose hooks are called in the upgrade and the downgrade.
    #[serde(default)]
    pub hooks: Vec<String>,
    pub skip: Option<String>,
}

/// A query and its expected result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Check {
    pub query: Spanned<String>,
    pub rows: Option<Spanned<Vec<Vec<Cell>>>>,
    pub error: Option<String>,
    pub sqlstate: Option<String>,
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Given;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value in WAVE, or a table with the kind, name, definition and options of an object")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Given, E> {
                Ok(Given::Wave(text.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Given, A::Error> {
                ObjectTable::deserialize(de::value::MapAccessDeserializer::new(map)).map(Given::Object)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string, or a list of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
