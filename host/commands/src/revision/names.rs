//! Ids, slugs and the names of folders.

use jiff::Zoned;
use minijinja::value::Value;

use super::NewRevisionError;
use super::jinja::{self, TemplateError, Variables};
use mighost_graph::check_id;

/// The maximum length of a folder's name in file systems, in bytes.
const MAX_FOLDER_BYTES: usize = 255;

/// The tokens of Alembic's `file_template`, which are variables of the same names here.
const ALEMBIC_TOKENS: [&str; 9] = [
    "rev", "slug", "epoch", "year", "month", "day", "hour", "minute", "second",
];

/// Twelve random hexadecimal digits.
///
/// # Errors
/// If the system has no random numbers.
pub fn random_id() -> Result<String, NewRevisionError> {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).map_err(|error| NewRevisionError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `message` as part of a folder's name: lower case, words joined by `_`, at most `length` characters, ending with a whole word if
/// possible. Empty for an empty message.
pub fn slug(message: &str, length: usize) -> String {
    let lower = message.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.is_empty() {
            slug = word.chars().take(length).collect();
        } else if slug.len() + 1 + word.len() <= length {
            slug.push('_');
            slug.push_str(word);
        } else {
            break;
        }
    }
    match slug.is_empty() && !message.trim().is_empty() {
        true => "migration".to_owned(),
        false => slug,
    }
}

/// The variables for the time: Alembic's tokens, and `date` as RFC 3339.
pub(super) fn date_variables(date: &Zoned) -> Variables {
    let mut variables = Variables::new();
    let numbers = [
        ("epoch", date.timestamp().as_second()),
        ("year", i64::from(date.year())),
        ("month", i64::from(date.month())),
        ("day", i64::from(date.day())),
        ("hour", i64::from(date.hour())),
        ("minute", i64::from(date.minute())),
        ("second", i64::from(date.second())),
    ];
    for (name, number) in numbers {
        variables.insert(name.to_owned(), Value::from(number));
    }
    let format = match date.offset() == jiff::tz::Offset::UTC {
        true => "%Y-%m-%dT%H:%M:%SZ",
        false => "%Y-%m-%dT%H:%M:%S%:z",
    };
    variables.insert("date".to_owned(), Value::from(date.strftime(format).to_string()));
    variables
}

/// The id that `template` renders.
pub(super) fn id(template: &str, variables: &Variables) -> Result<String, NewRevisionError> {
    let id = jinja::render("id-template in mighost.toml", template, variables)?;
    check_id(&id).map_err(|error| TemplateError {
        template: "id-template in mighost.toml".to_owned(),
        line: None,
        reason: error.to_string(),
    })?;
    Ok(id)
}

/// The name of a new folder.
pub(super) fn folder(template: &str, variables: &Variables) -> Result<String, NewRevisionError> {
    let setting = "folder-template in mighost.toml";
    let fail = |reason: String| TemplateError {
        template: setting.to_owned(),
        line: None,
        reason,
    };
    if template.contains("%(") {
        let ours = folder_template_from_alembic(template).unwrap_or_default();
        return Err(fail(format!("this is Alembic's syntax; write {ours:?}")).into());
    }
    let rendered = jinja::render(setting, template, variables)?;
    // An empty slug leaves its separator.
    let name = rendered.trim().trim_end_matches(['_', '-']);
    let reason = if name.is_empty() {
        "it produces an empty name".to_owned()
    } else if name.starts_with('.') {
        format!("{name:?} would be a hidden folder")
    } else if name.contains(['/', '\\']) {
        format!("{name:?} has several parts; revisions must be directly below a migrations folder")
    } else if name.chars().any(char::is_control) {
        format!("{name:?} contains a control character")
    } else if name.ends_with(".wasm") {
        format!("{name:?} would be mistaken for an artifact")
    } else if name.len() > MAX_FOLDER_BYTES {
        format!(
            "it produces a name of {} bytes; the limit is {MAX_FOLDER_BYTES}",
            name.len()
        )
    } else {
        return Ok(name.to_owned());
    };
    Err(fail(reason).into())
}

/// Converts Alembic's `file_template` to a `folder-template`: `%(rev)s_%(slug)s`, with single or doubled `%`, becomes `{{ rev }}_{{ slug
/// }}`. Folders in it become parts of the name, because a revision is itself a folder.
///
/// # Errors
/// A sentence about text that is not a token of Alembic.
pub fn folder_template_from_alembic(file_template: &str) -> Result<String, String> {
    let mut ours = String::new();
    let mut rest = file_template;
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        match character {
            '%' => {
                // Doubled for the parser of ini files, which may or may not have processed it.
                let token = behind.strip_prefix("%(").or_else(|| behind.strip_prefix('('));
                let Some(token) = token else {
                    ours.push('%');
                    rest = behind.strip_prefix('%').unwrap_or(behind);
                    continue;
                };
                let (name, behind) = token
                    .split_once(')')
                    .ok_or_else(|| format!("a `%(` in {file_template:?} has no `)`"))?;
                if !ALEMBIC_TOKENS.contains(&name) {
                    return Err(format!(
                        "%({name}) in {file_template:?} is not a token of Alembic; available: {}",
                        ALEMBIC_TOKENS.join(", ")
                    ));
                }
                let end = behind
                    .find(|c: char| c.is_ascii_alphabetic())
                    .ok_or_else(|| format!("%({name}) in {file_template:?} has no type, such as s or d"))?;
                let (format, behind) = behind.split_at(end + 1);
                let converted = convert(name, format)
                    .ok_or_else(|| format!("%({name}){format} in {file_template:?} cannot be converted"))?;
                ours.push_str(&converted);
                rest = behind;
            }
            '/' | '\\' => {
                ours.push('_');
                rest = behind;
            }
            '{' => {
                ours.push_str("{{ \"{\" }}");
                rest = behind;
            }
            other => {
                ours.push(other);
                rest = behind;
            }
        }
    }
    Ok(ours)
}

/// One token of Alembic: `format` is the text after its name, e.g. `s` or `.2d`.
fn convert(name: &str, format: &str) -> Option<String> {
    let kind = format.chars().last()?;
    let flags = format.strip_suffix(kind)?;
    if !matches!(kind, 's' | 'd' | 'i') || !flags.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-') {
        return None;
    }
    let format = match (flags, kind) {
        ("", _) => return Some(format!("{{{{ {name} }}}}")),
        // For numbers, Python uses the precision as the number of digits.
        (flags, 'd' | 'i') => match flags.strip_prefix('.') {
            Some(digits) => format!("%0{digits}d"),
            None if flags.contains('.') => return None,
            None => format!("%{flags}d"),
        },
        (flags, _) => format!("%{flags}s"),
    };
    Some(format!("{{{{ \"{format}\" | format({name}) }}}}"))
}
