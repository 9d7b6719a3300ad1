//! Lists of patterns as in ssh_config(5): `*` and `?`, separated by commas, `!` before one that must not match.

/// Whether `text` matches a pattern of `list` and none of its negated ones. A list with only negated patterns matches nothing.
pub fn matches_list(text: &str, list: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(text, pattern) => return false,
            Some(_) => {}
            None => found |= matches(text, pattern),
        }
    }
    found
}

/// Whether the whole of `text` matches. Takes at most `text` times `pattern` comparisons.
pub fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut next) = (0, 0);
    // The last `*`, and the place in the text up to which it reaches.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(expected) if *expected == b'?' || expected == byte => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((position, reached)) = star else { return false };
                star = Some((position, reached + 1));
                at = reached + 1;
                next = position + 1;
            }
        }
    }
    pattern
        .get(next..)
        .is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_openssh() {
        for (text, list, expected) in [
            ("a@b", "a@b", true),
            ("a@b", "*@b", true),
            ("a@b", "?@b", true),
            ("aa@b", "?@b", false),
            ("a@b", "*", true),
            ("a@b", "*@b,!a@b", false),
            ("a@b", "!a@b,*@b", false),
            ("c@b", "!a@b", false),
            ("c@b", "!a@b,*", true),
            ("a@b", "A@b", false),
            ("", "*", true),
            ("a", "", false),
            ("abcabd", "*abd", true),
        ] {
            assert_eq!(matches_list(text, list), expected, "{text} {list}");
        }
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_a_star(text in "[a-z@.]{0,20}") {
            prop_assert!(matches(&text, &text));
            let ends = format!("*{text}*");
            prop_assert!(matches(&text, &ends));
        }

        #[test]
        fn matching_ends(text in "[ab]{0,40}", pattern in "[ab*?]{0,40}") {
            let _ = matches(&text, &pattern);
        }
    }
}
