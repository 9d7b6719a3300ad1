//! The environment of the process, as plain data, so that tests can provide their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Environment variables, the home folder and the operating system's user.
#[derive(Clone, Default)]
pub struct Environment {
    pub variables: BTreeMap<String, String>,
    /// The folder with `.pgpass`, `.pg_service.conf` and `.postgresql/`.
    pub home: Option<PathBuf>,
    /// The default user of libpq.
    pub user: Option<String>,
}

impl std::fmt::Debug for Environment {
    /// Variables are listed without values, because PGPASSWORD is one of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .field("user", &self.user)
            .finish()
    }
}

impl Environment {
    /// Reads the environment of this process; variables that are not UTF-8 are omitted.
    pub fn of_process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = variables.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let user = crate::embedded::account::name_of(rustix::process::geteuid().as_raw())
            .or_else(|| variables.get("USER").cloned())
            .filter(|user| !user.is_empty());
        Self { variables, home, user }
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}
