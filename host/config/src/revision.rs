//! `[revision]`: settings for new revisions. They are the author's, so databases cannot override them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::ConfigError;
use super::load::absolute;
use super::toml_table::{Field, Section};
use super::units::{parse_duration, shown};

const KEYS: [&str; 7] = [
    "template",
    "templates",
    "folder-template",
    "id-template",
    "timezone",
    "truncate-slug-length",
    "hooks",
];
const HOOK_KEYS: [&str; 4] = ["name", "command", "files", "timeout"];

const DEFAULT_TEMPLATE: &str = "sql";
const DEFAULT_TEMPLATES: &str = ".mighost-templates";
const DEFAULT_FOLDER: &str = "{{ rev }}_{{ slug }}";
const DEFAULT_ID: &str = "{{ random }}";
const DEFAULT_SLUG_LENGTH: usize = 40;
/// Slugs are part of folder names, which have at most 255 bytes.
const MAX_SLUG_LENGTH: usize = 150;
const DEFAULT_HOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// Settings of `mighost revision` and `mighost merge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionSettings {
    /// The default template.
    pub template: String,
    /// The folder of the project's own templates.
    pub templates: PathBuf,
    /// A template for the name of the folder.
    pub folder_template: String,
    /// A template for the id.
    pub id_template: String,
    /// The time zone of dates in names and files.
    pub timezone: TimeZone,
    /// The maximum length of a slug, in characters.
    pub slug_length: usize,
    /// Commands for new files, in this order.
    pub hooks: Vec<WriteHook>,
}

/// A command that runs on the files of a new revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteHook {
    /// The name in messages.
    pub name: String,
    /// The program and its arguments, each a template.
    pub command: Vec<String>,
    /// The files on which it runs, once for each, e.g. `*.sql`; by default it runs once for the folder.
    pub files: Option<String>,
    pub timeout: Duration,
}

impl RevisionSettings {
    /// The defaults.
    pub(super) fn defaults(root: &Path) -> Self {
        Self {
            template: DEFAULT_TEMPLATE.to_owned(),
            templates: absolute(root, DEFAULT_TEMPLATES),
            folder_template: DEFAULT_FOLDER.to_owned(),
            id_template: DEFAULT_ID.to_owned(),
            timezone: TimeZone::UTC,
            slug_length: DEFAULT_SLUG_LENGTH,
            hooks: Vec::new(),
        }
    }

    /// Reads the table; `root` is the project's folder.
    pub(super) fn read(section: &Section<'_, '_>, root: &Path) -> Result<Self, ConfigError> {
        section.check_keys(&KEYS, |key| {
            // Alembic's names of the same settings.
            (key == "file-template" || key == "file_template")
                .then(|| "revisions are folders here: use folder-template".to_owned())
        })?;
        let mut settings = Self::defaults(root);
        let set = |place: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *place = value;
            }
        };
        set(&mut settings.template, section.read("template", not_empty)?);
        set(
            &mut settings.folder_template,
            section.read("folder-template", not_empty)?,
        );
        set(&mut settings.id_template, section.read("id-template", not_empty)?);
        if let Some(folder) = section.read("templates", not_empty)? {
            settings.templates = absolute(root, &folder);
        }
        if let Some(zone) = section.read("timezone", |field| field.parsed(timezone))? {
            settings.timezone = zone;
        }
        if let Some(length) = section.read("truncate-slug-length", |field| match field.integer()? {
            length @ 1..=MAX_SLUG_LENGTH => Ok(length),
            _ => Err(field.bad(format!("a slug may have 1 to {MAX_SLUG_LENGTH} characters"))),
        })? {
            settings.slug_length = length;
        }
        if let Some(hooks) = section.field("hooks") {
            for hook in hooks.sections(&section.name)? {
                settings.hooks.push(WriteHook::read(&hook, &hooks)?);
            }
        }
        Ok(settings)
    }
}

impl WriteHook {
    /// `list` is the field that contains the hooks, for errors about missing ones.
    fn read(section: &Section<'_, '_>, list: &Field<'_, '_>) -> Result<Self, ConfigError> {
        section.check_keys(&HOOK_KEYS, |_| None)?;
        let command = section
            .read("command", |field| {
                let command = field.texts()?;
                match command.first() {
                    Some(program) if !program.is_empty() => Ok(command),
                    _ => Err(field.bad("it names no program: write e.g. [\"cargo\", \"fmt\"]")),
                }
            })?
            .ok_or_else(|| list.bad("a hook needs a command: command = [\"PROGRAM\", \"ARGUMENT\"]"))?;
        let timeout = section.read("timeout", |field| {
            let timeout = field.parsed(parse_duration)?;
            match timeout.is_zero() {
                true => Err(field.bad("the time must be more than zero")),
                false => Ok(timeout),
            }
        })?;
        let name = match section.read("name", not_empty)? {
            Some(name) => name,
            None => command.first().cloned().unwrap_or_default(),
        };
        Ok(Self {
            name,
            command,
            files: section.read("files", not_empty)?,
            timeout: timeout.unwrap_or(DEFAULT_HOOK_TIMEOUT),
        })
    }
}

fn not_empty(field: &Field<'_, '_>) -> Result<String, ConfigError> {
    match field.text()? {
        "" => Err(field.bad("it is empty")),
        text => Ok(text.to_owned()),
    }
}

/// `local`, or a name in the time zone database that is part of mighost: the result must not depend on the machine.
fn timezone(text: &str) -> Result<TimeZone, String> {
    if text.eq_ignore_ascii_case("local") {
        return Ok(TimeZone::system());
    }
    TimeZoneDatabase::bundled().get(text).map_err(|_| {
        format!(
            "{} is not a time zone; write e.g. UTC, Europe/Berlin or America/Vancouver, or local for this machine's \
             time zone",
            shown(text)
        )
    })
}
