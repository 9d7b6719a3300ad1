//! `minijinja` templates with limits on the computation and output of a project's template.

use std::error::Error as _;
use std::io;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, syntax::SyntaxConfig};

/// The maximum number of instructions of one template; the built-in ones take less than a hundred.
const MAX_STEPS: u64 = 100_000;
/// The maximum output of one template, in bytes.
const MAX_OUTPUT: usize = 1 << 20;
/// The maximum length of a template, in bytes.
pub(super) const MAX_SOURCE: usize = 1 << 20;
/// The maximum depth of recursive loops.
const MAX_DEPTH: usize = 50;

/// The variables of a template.
pub(crate) type Variables = std::collections::BTreeMap<String, Value>;

/// The reason why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{template}{}: {reason}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// Its file, or the setting that contains it.
    pub template: String,
    pub line: Option<usize>,
    pub reason: String,
}

/// Renders `source`, which errors name `name`.
pub(crate) fn render(name: &str, source: &str, variables: &Variables) -> Result<String, TemplateError> {
    let fail = |error: &Error| TemplateError {
        template: name.to_owned(),
        line: error.line(),
        reason: reason(error, variables),
    };
    if source.len() > MAX_SOURCE {
        return Err(TemplateError {
            template: name.to_owned(),
            line: None,
            reason: format!("it has more than {MAX_SOURCE} bytes"),
        });
    }
    let environment = environment().map_err(|error| fail(&error))?;
    let template = environment
        .template_from_named_str(name, source)
        .map_err(|error| fail(&error))?;
    let mut output = Limited(Vec::new());
    template
        .render_captured_to(Value::from(variables.clone()), &mut output)
        .map_err(|error| fail(&error))?;
    String::from_utf8(output.0).map_err(|_| TemplateError {
        template: name.to_owned(),
        line: None,
        reason: "its output is not UTF-8".to_owned(),
    })
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_recursion_limit(MAX_DEPTH);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The output is SQL, TOML and code, which must not be escaped like HTML.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // The output consists of lines; those with only `{% if %}` and the like leave nothing.
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build()?);
    environment.set_debug(true);
    environment.add_filter("comment", |text: String, prefix: String| comment(&prefix, &text));
    environment.add_filter("toml", |value: Value| toml_text(&value));
    Ok(environment)
}

/// Puts `prefix` before each line of `text`, so that no line of a message becomes code.
pub(super) fn comment(prefix: &str, text: &str) -> String {
    // The characters that some parser of SQL or Rust may treat as the end of a line.
    let lines = text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let lines: Vec<String> = lines
        .map(|line| {
            let printable: String = line.chars().filter(|c| !c.is_control()).collect();
            format!("{prefix}{printable}").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A string, number, boolean or list of them, as TOML.
fn toml_text(value: &Value) -> Result<String, Error> {
    let wrong = || {
        Error::new(
            ErrorKind::InvalidOperation,
            "toml accepts strings, integers, booleans and lists of them",
        )
    };
    if let Some(text) = value.as_str() {
        return Ok(toml::Value::from(text).to_string());
    }
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true().to_string()),
        ValueKind::Number => value.as_i64().map(|number| number.to_string()).ok_or_else(wrong),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<String> = value
                .try_iter()?
                .map(|item| toml_text(&item))
                .collect::<Result<_, _>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        _ => Err(wrong()),
    }
}

fn reason(error: &Error, variables: &Variables) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => return format!("it takes more than {MAX_STEPS} steps"),
        ErrorKind::WriteFailure => return format!("it writes more than {MAX_OUTPUT} bytes"),
        _ => {}
    }
    let mut text = match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    };
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    if error.kind() == ErrorKind::UndefinedError {
        let known: Vec<&str> = variables.keys().map(String::as_str).collect();
        text.push_str(&format!("; available: {}", known.join(", ")));
    }
    text
}

/// Accepts at most [`MAX_OUTPUT`] bytes.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
