//! WIT names in JavaScript.

/// `set-role` as `setRole`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('-').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &capital(word))
}

/// `set-role` as `SetRole`.
pub(super) fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_javascripts() {
        assert_eq!(camel("set-role"), "setRole");
        assert_eq!(camel("pg-objects2-x"), "pgObjects2X");
        assert_eq!(pascal("column-option"), "ColumnOption");
    }
}
