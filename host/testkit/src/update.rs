//! Writes expectations into test files (`--update`): unchanged parts keep their text, comments and layout.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::align::{Step, align};
use super::case::{Expected, Sent};

/// A file with changed expectations.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileUpdate {
    /// Relative to the project's folder.
    pub shown: PathBuf,
    #[serde(skip)]
    pub file: PathBuf,
    #[serde(skip)]
    pub before: String,
    #[serde(skip)]
    pub after: String,
}

impl FileUpdate {
    /// Writes the file, unless another program has changed it in the meantime.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is not the one that was tested.
    pub fn write(&self) -> std::io::Result<()> {
        if std::fs::read_to_string(&self.file)? != self.before {
            return Err(std::io::Error::other(
                "it has changed in the meantime; run the tests again",
            ));
        }
        // Written to a temporary file and renamed, so that a crash leaves no half of it; a link is followed, and the permissions are
        // kept.
        let file = self.file.canonicalize()?;
        let beside = file.with_extension(format!("toml.{}.tmp", std::process::id()));
        let written = std::fs::write(&beside, &self.after)
            .and_then(|()| std::fs::set_permissions(&beside, std::fs::metadata(&file)?.permissions()))
            .and_then(|()| std::fs::rename(&beside, &file));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        written
    }
}

/// A part of a file and its replacement; an empty part is a place to insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub span: Range<usize>,
    pub text: String,
}

impl Change {
    pub fn replace(span: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }

    /// A key after the one whose value is at `span`; on the same line if that is in an inline table.
    pub fn beside(source: &str, span: &Range<usize>, key: &str) -> Self {
        let before = source.get(..span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        if line.contains('{') {
            return Self::replace(span.end..span.end, format!(", {key}"));
        }
        let rest = source.get(span.end..).unwrap_or_default();
        let end = span.end + rest.find(['\n', '\r']).unwrap_or(rest.len());
        Self::replace(end..end, format!("\n{key}"))
    }
}

/// The changes of each file, in any order.
pub(super) fn updates(
    sources: &BTreeMap<PathBuf, String>,
    changes: BTreeMap<PathBuf, Vec<Change>>,
    root: &Path,
) -> Vec<FileUpdate> {
    changes
        .into_iter()
        .filter_map(|(file, changes)| {
            let before = sources.get(&file)?.clone();
            let after = apply(&before, changes);
            (after != before).then(|| FileUpdate {
                shown: file.strip_prefix(root).unwrap_or(&file).to_owned(),
                file,
                before,
                after,
            })
        })
        .collect()
}

fn apply(source: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|change| (change.span.start, change.span.end));
    let mut text = source.to_owned();
    // From the end, so that earlier positions remain valid.
    for change in changes.iter().rev() {
        if source.get(change.span.clone()).is_some() {
            text.replace_range(change.span.clone(), &change.text);
        }
    }
    text
}

/// A list of statements, one per line.
pub(super) fn list(sent: &[Sent]) -> String {
    if sent.is_empty() {
        return "[]".into();
    }
    let lines: Vec<String> = sent.iter().map(|sent| format!("    {},\n", sent.toml())).collect();
    format!("[\n{}]", lines.concat())
}

/// The changes that turn a list of expected statements into `sent`. Matching statements stay as they are written.
pub(super) fn statements(
    source: &str,
    list_span: &Range<usize>,
    items: &[Spanned<Expected>],
    sent: &[Sent],
) -> Vec<Change> {
    let expected: Vec<&Expected> = items.iter().map(Spanned::get_ref).collect();
    let steps = align(&expected, sent);
    if !steps.iter().any(|step| matches!(step, Step::Same(..))) {
        return vec![Change::replace(list_span.clone(), list(sent))];
    }
    let span = |at: usize| items.get(at).map_or(0..0, Spanned::span);
    let text = |at: usize| sent.get(at).map(Sent::toml).unwrap_or_default();
    let mut changes = Vec::new();
    let mut rest = steps.as_slice();
    let mut kept: Option<usize> = None;
    while let Some(step) = rest.first() {
        if let Step::Same(at, _) = step {
            kept = Some(*at);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let length = rest.iter().take_while(|step| !matches!(step, Step::Same(..))).count();
        let (group, others) = rest.split_at(length);
        rest = others;
        let missing: Vec<usize> = group
            .iter()
            .filter_map(|step| match step {
                Step::Missing(at) => Some(*at),
                _ => None,
            })
            .collect();
        let added: Vec<usize> = group
            .iter()
            .filter_map(|step| match step {
                Step::Added(at) => Some(*at),
                _ => None,
            })
            .collect();
        for (old, new) in missing.iter().zip(&added) {
            changes.push(Change::replace(span(*old), text(*new)));
        }
        let last = missing.last().copied().or(kept);
        let new: Vec<String> = added.iter().skip(missing.len()).map(|at| text(*at)).collect();
        if !new.is_empty() {
            changes.push(match last {
                Some(at) => {
                    let separator = separator(source, span(at).start);
                    let text: String = new.iter().map(|text| format!(",{separator}{text}")).collect();
                    Change::replace(span(at).end..span(at).end, text)
                }
                // Before the first one that stays.
                None => {
                    let start = span(0).start;
                    let separator = separator(source, start);
                    let text: String = new.iter().map(|text| format!("{text},{separator}")).collect();
                    Change::replace(start..start, text)
                }
            });
        }
        if let (Some(from), Some(to)) = (missing.get(added.len()), missing.last()) {
            changes.push(match items.get(to + 1) {
                Some(next) => Change::replace(span(*from).start..next.span().start, ""),
                None => Change::replace(
                    from.checked_sub(1).map_or(span(*from).start, |at| span(at).end)..span(*to).end,
                    "",
                ),
            });
        }
    }
    changes
}

/// The separator between items: a line for each if the first item has one.
fn separator(source: &str, start: usize) -> String {
    let before = source.get(..start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.chars().all(char::is_whitespace) && line.len() < before.len() {
        format!("\n{line}")
    } else {
        " ".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[derive(serde::Deserialize)]
    struct File {
        statements: Spanned<Vec<Spanned<Expected>>>,
    }

    fn updated(source: &str, sent: &[&str]) -> String {
        let file: File = toml::from_str(source).unwrap();
        let sent: Vec<Sent> = sent.iter().map(|text| Sent::Statement((*text).to_owned())).collect();
        let changes = statements(source, &file.statements.span(), file.statements.get_ref(), &sent);
        let text = apply(source, changes);
        let again: File = toml::from_str(&text).unwrap();
        assert!(
            again
                .statements
                .get_ref()
                .iter()
                .zip(&sent)
                .all(|(expected, sent)| expected.get_ref().fits(sent)),
            "{text}"
        );
        assert_eq!(again.statements.get_ref().len(), sent.len(), "{text}");
        text
    }

    const LIST: &str = "statements = [\n  # first the role\n  'set role ...', # whichever\n  \"create table a\",\n  'reset role',\n]\n";

    #[test]
    fn what_fits_keeps_its_text_and_comments() {
        assert_snapshot!(updated(LIST, &["set role x", "create table b", "reset role"]), @r#"
        statements = [
          # first the role
          'set role ...', # whichever
          'create table b',
          'reset role',
        ]
        "#);
        assert_snapshot!(updated(LIST, &["set role x", "reset role", "select 1"]), @r#"
        statements = [
          # first the role
          'set role ...', # whichever
          'reset role',
          'select 1',
        ]
        "#);
        assert_snapshot!(updated(LIST, &["begin it", "set role x", "create table a"]), @r#"
        statements = [
          # first the role
          'begin it',
          'set role ...', # whichever
          "create table a",
        ]
        "#);
    }

    #[test]
    fn lists_on_one_line_stay_there() {
        assert_eq!(
            updated("statements = ['a', 'b']", &["a", "c", "d"]),
            "statements = ['a', 'c', 'd']"
        );
        assert_eq!(updated("statements = ['a', 'b', 'c']", &["b"]), "statements = ['b']");
        assert_eq!(updated("statements = ['a', 'b', 'c']", &["a"]), "statements = ['a']");
    }

    #[test]
    fn a_list_of_which_nothing_is_left_is_written_anew() {
        assert_eq!(updated("statements = ['a']", &["b"]), "statements = [\n    'b',\n]");
        assert_eq!(updated("statements = ['a']", &[]), "statements = []");
    }
}
