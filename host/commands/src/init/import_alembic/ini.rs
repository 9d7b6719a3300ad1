//! `alembic.ini` as Python's `configparser` reads it.

use std::collections::BTreeMap;

/// The maximum depth of references between values, as in `configparser`.
const MAX_DEPTH: usize = 10;

/// The section with default values.
const DEFAULT: &str = "DEFAULT";

/// Marks the name of a missing value in an interpolated text.
pub(super) const OPEN: char = '\u{1}';
pub(super) const CLOSE: char = '\u{2}';

/// The sections in order, each with its values as written.
#[derive(Clone, Debug, Default)]
pub(super) struct Ini {
    sections: Vec<(String, BTreeMap<String, String>)>,
    defaults: BTreeMap<String, String>,
}

impl Ini {
    /// Parses the text of the file. `here` is its folder, the value of `%(here)s`.
    ///
    /// # Errors
    /// The error, with its line. No value is repeated, because it may be a password.
    pub fn parse(text: &str, here: &str) -> Result<Self, String> {
        let mut ini = Self::default();
        let mut section: Option<String> = None;
        let mut option: Option<(String, usize)> = None;
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.starts_with(['#', ';']) {
                continue;
            }
            let indent = line.chars().take_while(|c| c.is_whitespace()).count();
            if let (Some(section), Some((name, depth))) = (&section, &option)
                && (trimmed.is_empty() || indent > *depth)
            {
                if let Some(value) = ini.table(section).get_mut(name) {
                    value.push('\n');
                    value.push_str(trimmed);
                }
                continue;
            }
            if trimmed.is_empty() {
                continue;
            }
            let at = format!("line {}", number + 1);
            if let Some(rest) = trimmed.strip_prefix('[') {
                let (name, _) = rest.rsplit_once(']').ok_or(format!("{at}: a `[` without `]`"))?;
                if ini.sections.iter().any(|(known, _)| known == name) {
                    return Err(format!("{at}: the section [{name}] appears twice"));
                }
                if name != DEFAULT {
                    ini.sections.push((name.to_owned(), BTreeMap::new()));
                }
                (section, option) = (Some(name.to_owned()), None);
                continue;
            }
            let section = section
                .as_ref()
                .ok_or(format!("{at}: a value before the first [section]"))?;
            let (name, value) = trimmed
                .split_once(['=', ':'])
                .ok_or(format!("{at}: neither a section nor `name = value`"))?;
            let name = name.trim().to_lowercase();
            if ini
                .table(section)
                .insert(name.clone(), value.trim().to_owned())
                .is_some()
            {
                return Err(format!("{at}: `{name}` appears twice in [{section}]"));
            }
            option = Some((name, indent));
        }
        ini.defaults.insert("here".to_owned(), here.replace('%', "%%"));
        for table in ini
            .sections
            .iter_mut()
            .map(|(_, table)| table)
            .chain([&mut ini.defaults])
        {
            for value in table.values_mut() {
                value.truncate(value.trim_end().len());
            }
        }
        Ok(ini)
    }

    /// Adds settings of the section that the file does not have: those of a `pyproject.toml` beside it.
    pub fn fill(&mut self, section: &str, settings: BTreeMap<String, String>) {
        if !self.has_section(section) {
            self.sections.push((section.to_owned(), BTreeMap::new()));
        }
        for (name, value) in settings {
            self.table(section).entry(name).or_insert(value);
        }
    }

    fn table(&mut self, section: &str) -> &mut BTreeMap<String, String> {
        match self.sections.iter_mut().find(|(name, _)| name == section) {
            Some((_, table)) => table,
            None => &mut self.defaults,
        }
    }

    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, _)| name.as_str())
    }

    pub fn has_section(&self, section: &str) -> bool {
        self.sections().any(|name| name == section)
    }

    /// Whether the section itself contains it, not only `[DEFAULT]`.
    pub fn says(&self, section: &str, name: &str) -> bool {
        self.sections
            .iter()
            .any(|(known, table)| known == section && table.contains_key(name))
    }

    /// The interpolated value; `None` if neither the section nor `[DEFAULT]` has it. An unknown name, which env.py may define, is put
    /// between [`OPEN`] and [`CLOSE`].
    ///
    /// # Errors
    /// If a `%` is neither `%%` nor `%(name)s`, or values refer to each other.
    pub fn get(&self, section: &str, name: &str) -> Result<Option<String>, String> {
        match self.raw(section, name) {
            None => Ok(None),
            Some(raw) => self
                .interpolate(section, raw, 0)
                .map(Some)
                .map_err(|reason| format!("`{name}` in [{section}]: {reason}")),
        }
    }

    fn raw(&self, section: &str, name: &str) -> Option<&str> {
        let own = self.sections.iter().find(|(known, _)| known == section);
        let own = own.and_then(|(_, table)| table.get(name));
        own.or_else(|| self.defaults.get(name)).map(String::as_str)
    }

    fn interpolate(&self, section: &str, raw: &str, depth: usize) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err("values refer to each other in a cycle".to_owned());
        }
        let mut text = String::new();
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let inside = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
            let (name, after) = inside.ok_or("a `%` must be written `%%`, or be followed by `(name)s`")?;
            match self.raw(section, &name.to_lowercase()) {
                Some(raw) => text.push_str(&self.interpolate(section, raw, depth + 1)?),
                None => text.push_str(&format!("{OPEN}{name}{CLOSE}")),
            }
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_configparser_has_them() {
        let text = "# comment\n[DEFAULT]\nhost = db\n[alembic]\nScript_Location: %(here)s/alembic\n\
            sqlalchemy.url = postgresql://me:pa%%40ss@%(HOST)s/%(DB_NAME)s\nversion_locations = a\n   b  \n# not here\n\n   c\n\
            empty =\n[dev]\nsqlalchemy.url=x=y:z\n";
        let ini = Ini::parse(text, "/srv/50%").unwrap();
        let get = |section: &str, name: &str| ini.get(section, name).unwrap();
        assert_eq!(get("alembic", "script_location").unwrap(), "/srv/50%/alembic");
        assert_eq!(
            get("alembic", "sqlalchemy.url").unwrap(),
            "postgresql://me:pa%40ss@db/\u{1}DB_NAME\u{2}"
        );
        assert_eq!(get("alembic", "version_locations").unwrap(), "a\nb\n\nc");
        assert_eq!(get("alembic", "empty").unwrap(), "");
        assert_eq!(get("dev", "sqlalchemy.url").unwrap(), "x=y:z");
        assert_eq!(get("dev", "nothing"), None);
        assert!(ini.says("dev", "sqlalchemy.url") && !ini.says("dev", "host"));
    }

    #[test]
    fn what_configparser_refuses() {
        for text in ["a = 1\n", "[a]\nb\n", "[a]\n[a]\n", "[a]\nb = 1\nB = 2\n", "[a\n"] {
            assert!(Ini::parse(text, "/").is_err(), "{text}");
        }
        let ini = Ini::parse("[a]\nx = 5%\ny = %(z)s\nz = %(y)s\n", "/").unwrap();
        assert!(ini.get("a", "x").is_err() && ini.get("a", "y").is_err());
    }
}
