//! The password file, `~/.pgpass`: lines of `host:port:database:user:password`, of which the first match counts.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use mighost_core::Secret;

/// The maximum size of a password file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The result of reading the password file, with a text that describes where it was searched for.
pub(super) struct Found {
    pub password: Option<Secret>,
    /// E.g. `~/.pgpass does not exist`.
    pub looked: String,
    /// Whether the file was skipped because other users can read it.
    pub too_open: bool,
}

/// Looks for the password of `fields` (host, port, database, user) in the file at `path`.
pub(super) fn look_up(path: &Path, fields: [&str; 4]) -> Found {
    let name = path.display();
    let none = |looked: String, too_open| Found {
        password: None,
        looked,
        too_open,
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return none(format!("{name} does not exist"), false);
        }
        Err(error) => return none(format!("{name} cannot be read: {error}"), false),
    };
    if !metadata.is_file() {
        return none(format!("{name} is not a plain file"), false);
    }
    if metadata.mode() & 0o077 != 0 {
        return none(
            format!("{name} is ignored because group or others may read it (run `chmod 0600 {name}`)"),
            true,
        );
    }
    if metadata.len() > MAX_BYTES {
        return none(
            format!("{name} is ignored because it is larger than {MAX_BYTES} bytes"),
            false,
        );
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return none(format!("{name} cannot be read: {error}"), false),
    };
    match search(&String::from_utf8_lossy(&bytes), fields) {
        Some(password) => Found {
            password: Some(Secret::new(password)),
            looked: format!("a password was found in {name}"),
            too_open: false,
        },
        None => none(format!("no line of {name} matches {}", fields.join(":")), false),
    }
}

fn search(text: &str, fields: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for field in fields {
            rest = strip_field(rest, field)?;
        }
        // Only `\` escapes inside the password; further colons belong to it.
        Some(unescape(rest))
    })
}

/// The rest of `line` after its first field and the colon, if that field is `*` or equals `wanted`.
fn strip_field<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut escaped = false;
    let end = line.find(|c| {
        let found = c == ':' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })?;
    let (field, rest) = line.split_at(end);
    (unescape(field) == wanted).then(|| rest.strip_prefix(':'))?
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const FILE: &str = "# a comment:1:2:3:4\nshort:line\nh1:5432:db:u:first\n*:*:*:star:a\\:b\\\\c:d\n\
                        we\\:ird:1:*:u:colon\nh1:5432:db:u:second\nlocalhost:*:*:*:\n";

    #[test]
    fn the_first_line_that_matches_wins() {
        assert_eq!(search(FILE, ["h1", "5432", "db", "u"]).as_deref(), Some("first"));
        assert_eq!(search(FILE, ["any", "1", "x", "star"]).as_deref(), Some("a:b\\c:d"));
        assert_eq!(search(FILE, ["we:ird", "1", "x", "u"]).as_deref(), Some("colon"));
        assert_eq!(search(FILE, ["localhost", "1", "x", "y"]).as_deref(), Some(""));
        assert_eq!(search(FILE, ["h1", "5433", "db", "u"]), None);
    }

    #[test]
    fn a_file_that_others_can_read_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        std::fs::write(&path, FILE).unwrap();
        let fields = ["h1", "5432", "db", "u"];
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let found = look_up(&path, fields);
        assert!(found.too_open && found.password.is_none(), "{}", found.looked);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(look_up(&path, fields).password, Some(Secret::new("first")));
        assert!(
            look_up(&folder.path().join("none"), fields)
                .looked
                .ends_with("does not exist")
        );
    }
}
