//! A line of `allowed_signers`: principals, options, key.

use jiff::tz::TimeZone;

use crate::key::{CERTIFICATE, Key, KeyError, split_line};
use crate::time::{self, UnixTime};

/// What is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("a quotation mark is not closed")]
    Quote,
    #[error("a line is principals, options and a key, and here is no key")]
    NoKey,
    #[error("it has a certificate; list the key of the authority with the option cert-authority instead")]
    Certificate,
    #[error("the option {0} is unknown; known are cert-authority, namespaces, valid-after and valid-before")]
    UnknownOption(String),
    #[error("the option {0} appears twice")]
    Twice(&'static str),
    #[error("the value of {0} must be in double quotes")]
    Unquoted(&'static str),
    #[error("the time of {0} is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with or without Z at the end")]
    Time(&'static str),
    #[error("valid-before is not after valid-after")]
    Empty,
    #[error("the options end with a comma")]
    Comma,
    #[error("{0}")]
    Key(KeyError),
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub number: usize,
    /// Patterns.
    pub principals: String,
    pub authority: bool,
    pub namespaces: Option<String>,
    pub valid_after: Option<UnixTime>,
    pub valid_before: Option<UnixTime>,
    pub key: Key,
}

const SPACE: [char; 3] = [' ', '\t', '\r'];

impl Line {
    /// `None` if it is empty, a comment, or its key is too weak to verify anything.
    pub fn parse(number: usize, text: &str, zone: &TimeZone) -> Result<Option<Self>, LineError> {
        let text = text.trim_matches(SPACE);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (principals, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or(LineError::Quote)?,
            None => text.split_once(SPACE).ok_or(LineError::NoKey)?,
        };
        let rest = rest.trim_start_matches(SPACE);
        let mut options = Options::default();
        let key = if is_key(rest) {
            rest
        } else {
            let (given, key) = rest.split_at(end_of_options(rest)?);
            options = Options::parse(given, zone)?;
            key.trim_start_matches(SPACE)
        };
        if !is_key(key) {
            return Err(LineError::NoKey);
        }
        let key = match Key::from_line(key) {
            Ok(key) => key,
            // Its type is not that of a key.
            Err(_) if split_line(key).is_ok_and(|(name, _)| name.ends_with(CERTIFICATE)) => {
                return Err(LineError::Certificate);
            }
            Err(error) if error.is_weak() => return Ok(None),
            Err(error) => return Err(LineError::Key(error)),
        };
        Ok(Some(Self {
            number,
            principals: principals.to_owned(),
            authority: options.authority,
            namespaces: options.namespaces,
            valid_after: options.valid_after,
            valid_before: options.valid_before,
            key,
        }))
    }
}

/// Whether `text` begins with the type of a key; no option begins like one.
fn is_key(text: &str) -> bool {
    let name = text.split(SPACE).next().unwrap_or_default();
    ["ssh-", "ecdsa-", "sk-", "webauthn-"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// The first space outside of quotes.
fn end_of_options(text: &str) -> Result<usize, LineError> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b' ' | b'\t' if !quoted => return Ok(at),
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    match quoted {
        true => Err(LineError::Quote),
        false => Err(LineError::NoKey),
    }
}

#[derive(Default)]
struct Options {
    authority: bool,
    namespaces: Option<String>,
    valid_after: Option<UnixTime>,
    valid_before: Option<UnixTime>,
}

impl Options {
    fn parse(mut text: &str, zone: &TimeZone) -> Result<Self, LineError> {
        let mut options = Self::default();
        loop {
            let name = text.split([',', '=']).next().unwrap_or_default();
            let after = text.get(name.len()..).unwrap_or_default();
            let value = |name| dequoted(name, after);
            text = match name.to_ascii_lowercase().as_str() {
                "cert-authority" => {
                    options.authority = true;
                    after
                }
                "namespaces" => {
                    let (namespaces, rest) = value("namespaces")?;
                    set("namespaces", &mut options.namespaces, namespaces)?;
                    rest
                }
                "valid-after" => {
                    let (given, rest) = value("valid-after")?;
                    let at = time::parse(&given, zone).filter(|at| *at > 0);
                    set(
                        "valid-after",
                        &mut options.valid_after,
                        at.ok_or(LineError::Time("valid-after"))?,
                    )?;
                    rest
                }
                "valid-before" => {
                    let (given, rest) = value("valid-before")?;
                    let at = time::parse(&given, zone).filter(|at| *at > 0);
                    set(
                        "valid-before",
                        &mut options.valid_before,
                        at.ok_or(LineError::Time("valid-before"))?,
                    )?;
                    rest
                }
                _ => return Err(unknown(name)),
            };
            if text.is_empty() {
                break;
            }
            text = text.strip_prefix(',').ok_or_else(|| unknown(text))?;
            if text.is_empty() {
                return Err(LineError::Comma);
            }
        }
        match (options.valid_after, options.valid_before) {
            (Some(after), Some(before)) if before <= after => Err(LineError::Empty),
            _ => Ok(options),
        }
    }
}

fn unknown(text: &str) -> LineError {
    LineError::UnknownOption(text.chars().take(40).collect::<String>().escape_debug().to_string())
}

fn set<T>(name: &'static str, option: &mut Option<T>, value: T) -> Result<(), LineError> {
    match option.replace(value) {
        Some(_) => Err(LineError::Twice(name)),
        None => Ok(()),
    }
}

/// The value of `="value"` at the beginning of `text`, in which `\"` is a quotation mark, and the rest.
fn dequoted<'a>(name: &'static str, text: &'a str) -> Result<(String, &'a str), LineError> {
    let quoted = text.strip_prefix("=\"").ok_or(LineError::Unquoted(name))?;
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                characters.next();
                value.push('"');
            }
            other => value.push(other),
        }
    }
    Err(LineError::Quote)
}
