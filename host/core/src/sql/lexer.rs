//! Splits SQL text into tokens, as coarse as its users need.

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Spaces, tabs, line ends, form feeds.
    Space,
    /// `-- ...` without its line end, or `/* ... */`.
    Comment,
    /// A keyword or an unquoted name.
    Word,
    /// `"..."` or `U&"..."`.
    QuotedName,
    /// `'...'` with any prefix, or a dollar quote. An `E''` string continues over line ends, as in the server.
    Text,
    Number,
    /// `$1`.
    Parameter,
    /// psql's `:name`, `:'name'` or `:"name"`.
    Variable,
    Semicolon,
    Open,
    Close,
    /// A backslash outside quotes: a psql command.
    Backslash,
    /// Any other character, mostly of operators.
    Other,
    /// A quote or comment without an end; it extends to the end of the text.
    Unterminated(&'static str),
}

/// A token and the bytes that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// The text of the token, where `text` is the whole text.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// True for white space and comments.
    pub fn is_blank(&self) -> bool {
        matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

/// The tokens of `text`, which together cover it without gaps.
pub fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
    };
    std::iter::from_fn(move || lexer.next())
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x0b)
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_tag_part(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}

fn is_name_part(byte: u8) -> bool {
    is_tag_part(byte) || byte == b'$'
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let first = self.peek(0)?;
        self.at += 1;
        let kind = self.token(first);
        self.at = self.at.min(self.bytes.len());
        Some(Token {
            kind,
            start,
            end: self.at,
        })
    }

    /// Scans the rest of the token whose first byte was consumed.
    fn token(&mut self, first: u8) -> TokenKind {
        match first {
            b if is_space(b) => {
                self.skip_while(is_space);
                TokenKind::Space
            }
            b'-' if self.peek(0) == Some(b'-') => {
                self.skip_while(|b| b != b'\n' && b != b'\r');
                TokenKind::Comment
            }
            b'/' if self.peek(0) == Some(b'*') => self.block_comment(),
            b'\'' => self.quoted(b'\'', TokenKind::Text, "quoted string"),
            b'"' => self.quoted(b'"', TokenKind::QuotedName, "quoted identifier"),
            b'e' | b'E' if self.peek(0) == Some(b'\'') => {
                self.at += 1;
                self.escaped_string()
            }
            b'u' | b'U' if self.peek(0) == Some(b'&') && matches!(self.peek(1), Some(b'\'' | b'"')) => {
                self.at += 2;
                match self.bytes.get(self.at - 1) {
                    Some(b'"') => self.quoted(b'"', TokenKind::QuotedName, "quoted identifier"),
                    _ => self.quoted(b'\'', TokenKind::Text, "quoted string"),
                }
            }
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if self.peek(0) == Some(b'\'') => {
                self.at += 1;
                self.quoted(b'\'', TokenKind::Text, "quoted string")
            }
            b if is_name_start(b) => {
                self.skip_while(is_name_part);
                TokenKind::Word
            }
            b if b.is_ascii_digit() => {
                // A name directly after a number belongs to it: the server refuses such junk.
                self.skip_while(|b| is_tag_part(b) || b == b'.');
                TokenKind::Number
            }
            b'$' => self.dollar(),
            b':' => self.colon(),
            b';' => TokenKind::Semicolon,
            b'(' => TokenKind::Open,
            b')' => TokenKind::Close,
            b'\\' => TokenKind::Backslash,
            _ => TokenKind::Other,
        }
    }

    /// `/* ... */`, nested; the first `/` was consumed.
    fn block_comment(&mut self) -> TokenKind {
        self.at += 1;
        let mut depth = 1_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return TokenKind::Comment;
                    }
                }
                _ => self.at += 1,
            }
        }
        TokenKind::Unterminated("comment")
    }

    /// Up to the closing quote; a doubled quote stands for itself.
    fn quoted(&mut self, quote: u8, kind: TokenKind, name: &'static str) -> TokenKind {
        loop {
            match self.peek(0) {
                None => return TokenKind::Unterminated(name),
                Some(byte) if byte == quote => {
                    self.at += 1;
                    if self.peek(0) != Some(quote) {
                        return kind;
                    }
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// An `E''` string with all continuations: `E'a'`, a line end, `'b\''` is one literal, and the second part has backslashes too.
    fn escaped_string(&mut self) -> TokenKind {
        loop {
            match self.peek(0) {
                None => return TokenKind::Unterminated("quoted string"),
                Some(b'\\') => self.at += 2,
                Some(b'\'') if self.peek(1) == Some(b'\'') => self.at += 2,
                Some(b'\'') => {
                    self.at += 1;
                    match self.continuation() {
                        Some(inside) => self.at = inside,
                        None => return TokenKind::Text,
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// The offset after the opening quote of the next part of a string, if only white space with a line end and comments are between the
    /// parts.
    fn continuation(&self) -> Option<usize> {
        let mut at = self.at;
        let mut newline = false;
        loop {
            match self.bytes.get(at)? {
                b'\n' | b'\r' => {
                    newline = true;
                    at += 1;
                }
                byte if is_space(*byte) => at += 1,
                b'-' if self.bytes.get(at + 1) == Some(&b'-') => {
                    while self.bytes.get(at).is_some_and(|b| *b != b'\n' && *b != b'\r') {
                        at += 1;
                    }
                }
                b'\'' if newline => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// `$1`, `$tag$ ... $tag$`, or a lone `$`; the first `$` was consumed.
    fn dollar(&mut self) -> TokenKind {
        let start = self.at - 1;
        match self.peek(0) {
            Some(byte) if byte.is_ascii_digit() => {
                self.skip_while(|b| b.is_ascii_digit());
                return TokenKind::Parameter;
            }
            Some(byte) if is_name_start(byte) || byte == b'$' => {}
            _ => return TokenKind::Other,
        }
        let mut end = self.at;
        while self.bytes.get(end).copied().is_some_and(is_tag_part) {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            return TokenKind::Other;
        }
        let tag = self.bytes.get(start..=end).unwrap_or_default();
        self.at = end + 1;
        loop {
            match self.peek(0) {
                None => return TokenKind::Unterminated("dollar-quoted string"),
                // At each `$` the tag is compared again; it contains no `$`, so each byte is compared a bounded number of times.
                Some(b'$') if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(tag)) => {
                    self.at += tag.len();
                    return TokenKind::Text;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// `::`, `:=`, a variable, or a lone `:`; the first `:` was consumed.
    fn colon(&mut self) -> TokenKind {
        let quote = match self.peek(0) {
            Some(b':' | b'=') => {
                self.at += 1;
                return TokenKind::Other;
            }
            Some(byte) if is_tag_part(byte) => {
                self.skip_while(is_tag_part);
                return TokenKind::Variable;
            }
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return TokenKind::Other,
        };
        let mut end = self.at + 1;
        while self.bytes.get(end).copied().is_some_and(is_tag_part) {
            end += 1;
        }
        if end > self.at + 1 && self.bytes.get(end) == Some(&quote) {
            self.at = end + 1;
            return TokenKind::Variable;
        }
        TokenKind::Other
    }
}
