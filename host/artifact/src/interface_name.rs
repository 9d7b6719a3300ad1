//! Names of interfaces in manifests.

use std::fmt;

use serde::Deserialize;

/// An interface of a plugin that a guest imports: an entry of `uses`, e.g. `mighost:roles/roles` or `mighost:roles/roles@0.1.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct InterfaceName {
    /// With its namespace, e.g. `mighost:roles`.
    pub package: String,
    pub interface: String,
    pub version: Option<String>,
}

impl InterfaceName {
    /// Whether it refers to the interface that a component names `full`, e.g. `mighost:roles/roles@0.1.0`.
    pub fn means(&self, full: &str) -> bool {
        let (name, version) = full.split_once('@').unwrap_or((full, ""));
        name.split_once('/') == Some((&self.package, &self.interface))
            && self.version.as_deref().is_none_or(|wanted| wanted == version)
    }

    /// Whether it is an interface of the host.
    pub fn of_host(&self) -> bool {
        self.package == "mighost:host"
    }
}

impl TryFrom<String> for InterfaceName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).ok_or_else(|| {
            format!("{text:?} is not the name of an interface, such as \"mighost:roles/roles\" or \"mighost:roles/roles@0.1.0\"")
        })
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.package, self.interface)?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

fn parse(text: &str) -> Option<InterfaceName> {
    let word = |word: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.len() <= 128 && word.chars().all(plain)
    };
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let (package, interface) = name.split_once('/')?;
    let (namespace, package_name) = package.split_once(':')?;
    let in_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let good = [namespace, package_name, interface].into_iter().all(word)
        && version
            .is_none_or(|version| version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(in_version));
    good.then(|| InterfaceName {
        package: package.to_owned(),
        interface: interface.to_owned(),
        version: version.map(str::to_owned),
    })
}

/// The package of the host, which is not decoded from anything.
pub const HOST_PACKAGE: &str = "mighost:host/";

/// Whether `name`, an import or export of a component, is an interface of a plugin.
pub fn is_of_plugin(name: &str) -> bool {
    name.contains('/') && !name.starts_with(HOST_PACKAGE) && !name.starts_with("wasi:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for name in ["mighost:roles/roles", "mighost:roles/roles@0.1.0", "a:b/c@1.0.0-rc.1+x"] {
            assert_eq!(InterfaceName::try_from(name.to_owned()).unwrap().to_string(), name);
        }
        for name in [
            "roles",
            "mighost:roles",
            "mighost/roles",
            ":a/b",
            "a:b/c@",
            "a:b/c@x",
            "a:b/../c",
            "a:b/c/d",
        ] {
            assert!(InterfaceName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_version_may_be_left_out() {
        let name = |text: &str| InterfaceName::try_from(text.to_owned()).unwrap();
        assert!(name("a:b/c").means("a:b/c@0.1.0"));
        assert!(name("a:b/c@0.1.0").means("a:b/c@0.1.0"));
        assert!(!name("a:b/c@0.2.0").means("a:b/c@0.1.0"));
        assert!(!name("a:b/c").means("a:b/d@0.1.0"));
    }
}
