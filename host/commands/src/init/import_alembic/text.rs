//! The contents of the files that an import writes.

use std::fmt::Write as _;

use super::project::{AlembicProject, Label, unmarked};
use super::{Folder, Revision, Side};

/// `text` as TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

pub(super) fn setting(name: &str, value: &str) -> String {
    format!("{name} = {}\n", quoted(value))
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

/// `text` for a comment, which a control character might end.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The contents of `mighost.toml` that are not in alembic.ini.
pub(super) struct Facts<'a> {
    pub file: &'a str,
    pub project: &'a AlembicProject,
    pub folders: &'a [Folder],
    pub schema: Option<&'a str>,
    pub version_table: &'a str,
    /// Lines of `[revision]`.
    pub revision: &'a str,
}

pub(super) fn configuration(facts: &Facts<'_>) -> String {
    let Facts {
        file,
        project,
        folders,
        schema,
        version_table,
        revision,
    } = facts;
    let folders: Vec<String> = folders.iter().map(|folder| folder.ours.clone()).collect();
    let mut text = format!(
        "# mighost's configuration, taken over from {}. `mighost --help` lists the commands; docs/configuration.md the settings.\n\n\
         [project]\nmigrations = {}\nplugins = [\"plugins\"]\n\n",
        one_line(&unmarked(file)),
        list(&folders)
    );
    text.push_str("# What plain names in migrations mean first.\nschema = \"public\"\n\n");
    text.push_str("# Alembic's own table, which it can still read.\n");
    let _ = writeln!(text, "version-table = {}", quoted(version_table));
    if let Some(schema) = schema {
        text.push_str(&setting("version-table-schema", schema));
    }
    let chosen = project.labels.iter().find(|label| label.section == project.section);
    if let Some(label) = chosen
        && project.labels.len() > 1
    {
        let _ = write!(
            text,
            "\n# The database to use without `-x db=LABEL`.\ndefault = {}\n",
            quoted(&label.name)
        );
    }
    if !revision.is_empty() {
        let _ = write!(text, "\n# How new revisions are written.\n[revision]\n{revision}");
    }
    for label in &project.labels {
        text.push_str(&database(label));
    }
    text
}

fn database(label: &Label) -> String {
    let mut text = String::from("\n");
    if label.password {
        text.push_str(
            "# The password can be omitted here, and be in ~/.pgpass or, as ${VARIABLE}, in the environment.\n",
        );
    }
    let plain = label
        .name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let name = if plain { label.name.clone() } else { quoted(&label.name) };
    let _ = writeln!(text, "[databases.{name}]\nurl = {}", quoted(&label.url));
    text
}

pub(super) fn manifest(revision: &Revision) -> String {
    let mut text = format!(
        "revision = {}\ndown-revisions = {}\n",
        quoted(&revision.revision),
        list(&revision.down_revisions)
    );
    if !revision.depends_on.is_empty() {
        let _ = writeln!(text, "depends-on = {}", list(&revision.depends_on));
    }
    if !revision.branch_labels.is_empty() {
        let _ = writeln!(text, "branch-labels = {}", list(&revision.branch_labels));
    }
    let _ = writeln!(text, "message = {}", quoted(&revision.message));
    if let Some(date) = &revision.date {
        let _ = writeln!(text, "date = {}", quoted(date));
    }
    text.push_str("build = \"sql\"\n");
    if let Some(why) = &revision.one_way {
        let _ = writeln!(
            text,
            "\n# It can go up only. Its downgrade in Alembic: {}",
            one_line(why)
        );
    }
    if revision.alone {
        text.push_str("\n# Some of its statements ran outside Alembic's transaction.\ntransaction = \"none\"\n");
    }
    text
}

/// The mark of scripts that still have to be written: the quote of the statement that fails.
const MARK: &str = "$not_taken_over$";

/// Whether the script fails because its code was not taken over, and was not written since.
pub(crate) fn is_not_taken_over(script: &str) -> bool {
    script.contains(MARK)
}

/// A script. One whose code was not taken over fails when it is run.
pub(super) fn script(revision: &Revision, side: &Side, direction: &str) -> String {
    let source = one_line(&revision.file);
    let Some(why) = &side.not_taken_over else {
        let code = match side.text.as_str() {
            "" => "-- It does nothing.\n".to_owned(),
            code => format!("\n{code}"),
        };
        return format!("-- {direction} of {source}, as Alembic wrote it offline\n{code}");
    };
    let why = one_line(why);
    let message = format!(
        "the {direction} of revision {} was not taken over from Alembic: {why}",
        revision.revision
    );
    let hint = format!("write it in {}/{direction}.sql", revision.folder);
    format!(
        "-- {direction} of {source} is NOT TAKEN OVER: {why}\n\
         -- Databases that Alembic brought past it do not need it. On others it fails until it is written here, in place of this:\n\
         DO {MARK} BEGIN RAISE EXCEPTION USING MESSAGE = {}, HINT = {}; END {MARK};\n",
        mighost_core::quote_literal(&message),
        mighost_core::quote_literal(&hint)
    )
}
