//! A minimal lexer for PostgreSQL that finds words outside quotes and comments.

/// A piece of SQL that is neither white space nor a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its offset, in bytes.
    pub start: usize,
    /// A word, a number, a quoted text with its quotes, or one character.
    pub text: &'a str,
    /// The number of open parentheses around it.
    pub depth: usize,
}

impl Token<'_> {
    /// True for this keyword, in upper or lower case.
    pub fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The offset of the next character.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Splits `text` into tokens. Fails if a quote or a comment is not closed.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        let length = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += block_comment(rest).ok_or("a comment that starts with /* is not closed")?;
            continue;
        } else if first == '\'' {
            quoted(rest, '\'', false).ok_or("a string is not closed")?
        } else if first == '"' {
            quoted(rest, '"', false).ok_or("a quoted name is not closed")?
        } else if first == '$' {
            dollar_quoted(rest)?
        } else if is_word(first) {
            let word = rest.find(|c: char| !is_word(c) && c != '$').unwrap_or(rest.len());
            match rest.get(word..) {
                Some(string) if word == 1 && string.starts_with('\'') && matches!(first, 'e' | 'E') => {
                    word + quoted(string, '\'', true).ok_or("a string is not closed")?
                }
                _ => word,
            }
        } else {
            first.len_utf8()
        };
        if first == ')' {
            depth = depth.saturating_sub(1);
        }
        found.push(Token {
            start: at,
            text: &text[at..at + length],
            depth,
        });
        if first == '(' {
            depth += 1;
        }
        at += length;
    }
    Ok(found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a quoted text with its quotes; a doubled quote stands for one.
fn quoted(text: &str, quote: char, backslashes: bool) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if backslashes && c == '\\' {
            characters.next();
        } else if c == quote && characters.next_if(|&(_, next)| next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// The length of `$tag$...$tag$`, or of a lone `$`, as in `$1`.
fn dollar_quoted(text: &str) -> Result<usize, String> {
    let Some(tag) = text[1..].find('$').map(|end| &text[..end + 2]) else {
        return Ok(1);
    };
    let name = &tag[1..tag.len() - 1];
    if !name.chars().all(is_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(1);
    }
    match text[tag.len()..].find(tag) {
        Some(end) => Ok(end + 2 * tag.len()),
        None => Err(format!("a text that starts with {tag} is not closed")),
    }
}

/// The length of a comment; comments nest.
fn block_comment(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
    None
}

/// A single query without semicolons and white space at its end. Several statements are refused.
pub fn single_query(text: &str) -> Result<&str, String> {
    let tokens = tokens(text)?;
    let Some(last) = tokens.iter().rposition(|token| token.text != ";") else {
        return Err("its definition is empty, where a SELECT is expected".to_owned());
    };
    if tokens.iter().take(last).any(|token| token.text == ";") {
        return Err("its definition holds several statements, where one SELECT is expected".to_owned());
    }
    // A comment at the end is removed as well, because it would comment out what is appended.
    Ok(text[..tokens[last].end()].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn quotes_and_comments_are_passed_over() {
        assert_eq!(
            texts(
                r#"a'b;''' "c "" (" -- d;
            /* e /* ; */ */ E'\'' $x$ ; $$ $x$ f$1 $2 ("#
            ),
            [
                "a",
                "'b;'''",
                r#""c "" (""#,
                r"E'\''",
                "$x$ ; $$ $x$",
                "f$1",
                "$",
                "2",
                "("
            ]
        );
        for open in ["'", "\"", "/* /* */", "$$ $", "E'\\'", "$a$ $b$"] {
            assert!(tokens(open).is_err(), "{open}");
        }
    }

    #[test]
    fn any_text_is_cut_without_a_panic() {
        for text in ["é'é'ß$é$ $é$", "$", "$$$$", ")))(", "\u{0}", "e'", "日本'語'"] {
            let _ = tokens(text);
        }
    }

    #[test]
    fn a_query_ends_before_its_semicolon() {
        assert_eq!(single_query("  select ';' ; -- x\n ; "), Ok("select ';'"));
        assert!(single_query("select 1; drop table x").is_err());
        assert!(single_query(" -- nothing\n;").is_err());
    }
}
