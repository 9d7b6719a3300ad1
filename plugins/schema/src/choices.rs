//! Lists of options, each of which may be given once.

use std::mem::{Discriminant, discriminant};

/// Checks that no option is given twice.
pub(crate) fn once<T: std::fmt::Debug>(options: &[T]) -> Result<&[T], String> {
    let mut seen: Vec<Discriminant<T>> = Vec::new();
    for option in options {
        let kind = discriminant(option);
        if seen.contains(&kind) {
            return Err(format!("the option {} is given twice", label(option)));
        }
        seen.push(kind);
    }
    Ok(options)
}

/// The error for an option that does not fit.
pub(crate) fn misplaced<T: std::fmt::Debug>(option: &T, what: &str) -> String {
    format!("{what} has no option {}", label(option))
}

/// The name of an option in WIT.
pub(crate) fn label<T: std::fmt::Debug>(option: &T) -> String {
    let text = format!("{option:?}");
    let path = text.split(['(', ' ', '{']).next().unwrap_or_default();
    let mut kebab = String::new();
    for letter in path.rsplit("::").next().unwrap_or_default().chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

/// Storage parameters: `a = 1, b = 'x y'`. Names may have a prefix, e.g. `toast.autovacuum_enabled`.
pub(crate) fn parameters(parameters: &[(String, String)]) -> Result<String, String> {
    let written: Result<Vec<String>, String> = parameters
        .iter()
        .map(|(name, value)| {
            let word =
                |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c));
            if !word(name) {
                return Err(format!("{name} is not the name of a storage parameter"));
            }
            let value = if word(value) {
                value.clone()
            } else {
                mighost_sdk::quote::literal(value).into()
            };
            Ok(format!("{name} = {value}"))
        })
        .collect();
    Ok(written?.join(", "))
}
