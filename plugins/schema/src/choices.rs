//! Lists of options, in which each may stand once.

use std::mem::{Discriminant, discriminant};

/// The options in which none stands twice.
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

/// An option that does not belong there.
pub(crate) fn misplaced<T: std::fmt::Debug>(option: &T, what: &str) -> String {
    format!("{what} has no option {}", label(option))
}

/// The name of an option as the WIT writes it.
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

/// Storage parameters: `a = 1, b = 'x y'`. Names may have a prefix, as `toast.autovacuum_enabled`.
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
