//! Coverage of a suite.

use std::collections::BTreeSet;

use serde::Serialize;

use super::TestProject;
use super::report::Subject;
use mighost_core::{Direction, Event};
use mighost_runtime::RuntimeError;

/// A function that tests can cover.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Item {
    /// `INTERFACE#FUNCTION` of a plugin.
    Operation(String),
    /// A kind of objects and a function: `create view`.
    Kind(String),
    /// A plugin's hook of runs.
    Hook(String),
    Upgrade(String),
    Downgrade(String),
}

impl Item {
    /// The runtime's name of an operation: `INTERFACE#FUNCTION`, or `create KIND NAME`.
    fn of_operation(name: &str) -> Option<Self> {
        if name.contains('#') {
            return Some(Self::Operation(name.to_owned()));
        }
        let mut words = name.split(' ');
        let (action, kind) = (words.next()?, words.next()?);
        // `restore` calls the same function.
        let action = if action == "restore" { "replace" } else { action };
        Some(Self::Kind(format!("{action} {kind}")))
    }

    /// The function that ran, according to an event.
    pub(super) fn of_event(event: Event) -> Option<Self> {
        match event {
            Event::Operation { name } => Self::of_operation(&name),
            Event::StepStarted {
                direction, revision, ..
            } => match direction {
                Direction::Upgrade => Some(Self::Upgrade(revision)),
                Direction::Downgrade => Some(Self::Downgrade(revision)),
                Direction::Stamp => None,
            },
            _ => None,
        }
    }

    fn group(&self) -> &'static str {
        match self {
            Self::Operation(_) => "operations",
            Self::Kind(_) => "kinds",
            Self::Hook(_) => "hooks",
            Self::Upgrade(_) => "upgrades",
            Self::Downgrade(_) => "downgrades",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Operation(name)
            | Self::Kind(name)
            | Self::Hook(name)
            | Self::Upgrade(name)
            | Self::Downgrade(name) => name,
        }
    }
}

/// All functions to test, group by group, and those that were not tested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// `operations`, `kinds`, `hooks`, `upgrades`, `downgrades`.
    pub name: &'static str,
    pub tested: usize,
    pub of: usize,
    pub never: Vec<String>,
}

/// The functions of `kind-provider` to test for each kind.
const ACTIONS: [&str; 4] = ["create", "drop", "replace", "introspect"];

impl Coverage {
    /// The coverage of the subjects that are `meant`.
    ///
    /// # Errors
    /// If a plugin cannot be loaded.
    pub(super) fn of(
        project: &TestProject,
        meant: impl Fn(&Subject) -> bool,
        tested: &BTreeSet<Item>,
    ) -> Result<Self, RuntimeError> {
        let mut all: BTreeSet<Item> = BTreeSet::new();
        for plugin in &project.loaded.plugins {
            if !meant(&Subject::Plugin(plugin.metadata.name.clone())) {
                continue;
            }
            let guest = project.registry.named(&plugin.metadata.name)?;
            for function in guest.functions() {
                if function.is_hook() {
                    all.insert(Item::Hook(plugin.metadata.name.clone()));
                } else if function.interface.contains(':') && !function.interface.starts_with("mighost:host/") {
                    // Language runtimes export functions of their own, whose interfaces belong to no package.
                    all.insert(Item::Operation(function.full_name()));
                }
            }
            for kind in &plugin.metadata.kinds {
                all.extend(ACTIONS.map(|action| Item::Kind(format!("{action} {kind}"))));
            }
        }
        for (revision, _) in project.loaded.revisions() {
            if !meant(&Subject::Revision(revision.revision.clone())) {
                continue;
            }
            all.insert(Item::Upgrade(revision.revision.clone()));
            all.insert(Item::Downgrade(revision.revision.clone()));
        }
        let mut groups: Vec<Group> = Vec::new();
        for item in &all {
            if groups.last().is_none_or(|group| group.name != item.group()) {
                groups.push(Group {
                    name: item.group(),
                    tested: 0,
                    of: 0,
                    never: Vec::new(),
                });
            }
            let Some(group) = groups.last_mut() else { continue };
            group.of += 1;
            if tested.contains(item) {
                group.tested += 1;
            } else {
                group.never.push(item.name().to_owned());
            }
        }
        Ok(Self { groups })
    }
}
