//! Calls in test files: names are replaced by values.

use std::collections::BTreeMap;

use super::case::{Given, ObjectTable};
use super::report::Failure;
use mighost_core::nearest;
use mighost_core::sql::line_and_column;
use mighost_runtime::{Call, CallError, Guest, ValueError, string_value};

/// The call in `text`, with `values` for `$name`.
pub(super) fn call(guest: &Guest, text: &str, values: &BTreeMap<String, Given>) -> Result<Call, Failure> {
    let filled = fill_in(text, values)?;
    guest.call(&filled).map_err(|error| {
        let mut failure = Failure::new(error.to_string());
        match &error {
            CallError::Value { error, .. } => failure.details = excerpt(error, "of the call"),
            CallError::UnknownFunction { .. } | CallError::Ambiguous { .. } => {
                failure.details.push(format!("in {text}"))
            }
        }
        failure.hint(error.hint())
    })
}

/// The line of a value with the error, and a caret below the place.
pub(super) fn excerpt(error: &ValueError, whose: &str) -> Vec<String> {
    let (line, column) = line_and_column(&error.text, error.offset);
    let text = error.text.lines().nth(line - 1).unwrap_or_default();
    // Of long calls, the part around the place is shown.
    let from = column.saturating_sub(60);
    let shown: String = text.chars().skip(from).take(100).collect();
    vec![
        format!("line {line}, column {column} {whose}:"),
        format!("    {}", shown.replace('\t', " ")),
        format!("    {}^", " ".repeat((column - 1).saturating_sub(from))),
    ]
}

/// Replaces each `$name` outside quotes by its value.
fn fill_in(text: &str, values: &BTreeMap<String, Given>) -> Result<String, Failure> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let quoted = if rest.starts_with("\"\"\"") {
            rest.get(3..).and_then(|inner| inner.find("\"\"\"")).map(|end| end + 6)
        } else if matches!(first, '"' | '\'') {
            end_of_quote(rest, first)
        } else {
            None
        };
        let length = quoted.unwrap_or(first.len_utf8());
        if first == '$' {
            let name: String = rest
                .chars()
                .skip(1)
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
                .collect();
            let Some(value) = values.get(&name) else {
                let known: Vec<&str> = values.keys().map(String::as_str).collect();
                let failure =
                    Failure::new(format!("the file has no value {name} below [values]")).detail(format!("in {text}"));
                return Err(match nearest(&name, known.iter().copied()) {
                    Some(near) => failure.hint(format!("did you mean ${near}?")),
                    None if known.is_empty() => failure,
                    None => failure.hint(format!("available: {}", known.join(", "))),
                });
            };
            match value {
                Given::Wave(text) => filled.push_str(text),
                Given::Object(object) => filled.push_str(&object_value(object)),
            }
            rest = rest.get(1 + name.len()..).unwrap_or_default();
            continue;
        }
        let (taken, others) = rest.split_at(length.min(rest.len()));
        filled.push_str(taken);
        rest = others;
    }
    Ok(filled)
}

/// The length of a quoted text, including quotes; `None` if it does not end.
fn end_of_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// An object as a record of `mighost:host/objects`.
fn object_value(object: &ObjectTable) -> String {
    let options: Vec<String> = object
        .options
        .iter()
        .map(|(name, value)| format!("({}, {})", string_value(name), string_value(value)))
        .collect();
    format!(
        "{{kind: {}, name: {}, definition: {}, options: [{}]}}",
        string_value(&object.kind),
        string_value(&object.name),
        string_value(&object.definition),
        options.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in_outside_of_quotes() {
        let object = ObjectTable {
            kind: "view".into(),
            name: "v".into(),
            definition: "select \"a\"".into(),
            options: vec![("comment".into(), "x".into())],
        };
        let values = BTreeMap::from([
            ("one".to_owned(), Given::Wave("1".into())),
            ("view".to_owned(), Given::Object(object)),
        ]);
        assert_eq!(
            fill_in(r#"f($one, "$one", '$', "a\"$one", """ "$one" """, [$one])"#, &values).unwrap(),
            r#"f(1, "$one", '$', "a\"$one", """ "$one" """, [1])"#
        );
        assert_eq!(
            fill_in("create($view)", &values).unwrap(),
            r#"create({kind: "view", name: "v", definition: "select \"a\"", options: [("comment", "x")]})"#
        );
        assert_eq!(fill_in("f($on)", &values).unwrap_err().hints, ["did you mean $one?"]);
    }
}
