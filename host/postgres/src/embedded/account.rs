//! The users of the operating system, from `/etc/passwd`.

/// The maximum size of `/etc/passwd`, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The user that a server runs as, if it is not the one who runs mighost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// The name of a user id; `None` for users that are not in the file, e.g. those of a directory service.
pub(crate) fn name_of(uid: u32) -> Option<String> {
    accounts()
        .into_iter()
        .find(|account| account.uid == uid)
        .map(|account| account.name)
}

/// The user for the server if mighost runs as root, as which PostgreSQL refuses to run: `postgres`, otherwise `nobody`. `None` for other
/// users, who run it themselves.
///
/// # Errors
///
/// If neither user exists.
pub(crate) fn server_account() -> Result<Option<Account>, &'static str> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let all = accounts();
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            all.iter()
                .find(|account| account.name == *name && account.uid != 0)
                .cloned()
        })
        .map(Some)
        .ok_or("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` to run it as")
}

fn accounts() -> Vec<Account> {
    let path = std::path::Path::new("/etc/passwd");
    if std::fs::metadata(path).map_or(true, |metadata| metadata.len() > MAX_BYTES) {
        return Vec::new();
    }
    parse(
        &std::fs::read(path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default(),
    )
}

fn parse(text: &str) -> Vec<Account> {
    let account = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        Some(Account {
            name,
            uid: fields.nth(1)?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
        })
    };
    text.lines().filter_map(account).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_file() {
        let all = parse("root:x:0:0:root:/root:/bin/sh\nbroken\npg:x:105:110::/var:/bin/sh\n::1:1\n");
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[1],
            Account {
                name: "pg".into(),
                uid: 105,
                gid: 110
            }
        );
    }
}
