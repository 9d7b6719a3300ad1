//! Names of interfaces with versions, e.g. `mighost:roles/roles@0.1.0`, and the compatibility of versions.

/// The relation of a provided interface to the wanted one; both have the same name except for the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// The same version, or a later compatible one.
    Serves,
    /// Too old: it may lack what was added since.
    Older,
    /// Incompatible: of a later line.
    Newer,
}

/// The name without its version.
pub fn stem(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(stem, _)| stem)
}

/// The relation of `offered` to `wanted`; `None` if they are different interfaces.
///
/// As everywhere in the component model, a version is compatible with earlier ones of its line: 1.4.0 can be used for 1.2.0, and 0.2.5
/// for 0.2.1, while 0.3.0 is another line. Prereleases are compatible only with themselves.
pub fn offered(wanted: &str, offered: &str) -> Option<Offered> {
    if wanted == offered {
        return Some(Offered::Serves);
    }
    let (one, other) = (wanted.split_once('@'), offered.split_once('@'));
    let ((_, wanted), (_, offered)) = one.zip(other).filter(|(one, other)| one.0 == other.0)?;
    Some(match (Version::parse(wanted), Version::parse(offered)) {
        (Some(wanted), Some(offered)) if offered.line() == wanted.line() && offered > wanted => Offered::Serves,
        (Some(wanted), Some(offered)) if offered < wanted => Offered::Older,
        (Some(_), Some(_)) => Offered::Newer,
        // A prerelease on either side.
        _ if offered.split('-').next() < wanted.split('-').next() => Offered::Older,
        _ => Offered::Newer,
    })
}

/// The interface in `interfaces` that can be used for `wanted`: the one of the same version, otherwise the latest compatible one.
pub fn best<'a>(wanted: &str, interfaces: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let version = |name: &str| name.split_once('@').and_then(|(_, version)| Version::parse(version));
    interfaces
        .filter(|name| offered(wanted, name) == Some(Offered::Serves))
        .max_by_key(|name| (*name == wanted, version(name)))
}

/// A released version, without prerelease and build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = Self {
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next()??,
        };
        parts.next().is_none().then_some(version)
    }

    /// The part that must be equal in compatible versions.
    fn line(self) -> (u64, u64, u64) {
        match self {
            Self {
                major: 0,
                minor: 0,
                patch,
            } => (0, 0, patch),
            Self { major: 0, minor, .. } => (0, minor, 0),
            Self { major, .. } => (major, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_serves_those_before_it_in_its_line() {
        let stands = |wanted: &str, found: &str| offered(&format!("a:b/c@{wanted}"), &format!("a:b/c@{found}"));
        for (wanted, found, expected) in [
            ("1.2.0", "1.2.0", Offered::Serves),
            ("1.2.0", "1.10.0", Offered::Serves),
            ("1.2.0", "1.1.9", Offered::Older),
            ("1.2.0", "2.0.0", Offered::Newer),
            ("0.1.0", "0.1.3", Offered::Serves),
            ("0.1.3", "0.1.0", Offered::Older),
            ("0.1.0", "0.2.0", Offered::Newer),
            ("0.0.1", "0.0.2", Offered::Newer),
            ("1.0.0-rc1", "1.0.0", Offered::Newer),
            ("1.0.0-rc1", "1.0.0-rc1", Offered::Serves),
        ] {
            assert_eq!(stands(wanted, found), Some(expected), "{found} for {wanted}");
        }
        assert_eq!(offered("a:b/c@1.0.0", "a:b/d@1.0.0"), None);
        assert_eq!(offered("a:b/c@1.0.0", "a:b/c"), None);
        assert_eq!(offered("a:b/c", "a:b/c"), Some(Offered::Serves));
    }

    #[test]
    fn its_own_version_is_the_best_then_the_last() {
        let best = |wanted: &str| {
            best(
                wanted,
                ["a:b/c@1.0.0", "a:b/c@1.2.0", "a:b/c@1.10.0", "a:b/c@2.0.0"].into_iter(),
            )
        };
        assert_eq!(best("a:b/c@1.0.0"), Some("a:b/c@1.0.0"));
        assert_eq!(best("a:b/c@1.1.0"), Some("a:b/c@1.10.0"));
        assert_eq!(best("a:b/c@2.0.1"), None);
        assert_eq!(best("a:b/d@1.0.0"), None);
    }
}
