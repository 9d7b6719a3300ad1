//! Differences between two catalogs, as data and as text.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use super::{Catalog, Object, ObjectName};

/// The most important properties of an object, shown if it exists on one side only.
const TELLING: [&str; 8] = [
    "definition",
    "type",
    "labels",
    "base",
    "using",
    "text",
    "label",
    "version",
];

/// The property that cannot be restored: a column that is added again comes last.
const POSITION: &str = "position";

/// The difference of one object.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    Added {
        object: Object,
    },
    Removed {
        object: Object,
    },
    /// A property, before and after; `None` if the object does not have it.
    Changed {
        properties: BTreeMap<String, (Option<String>, Option<String>)>,
    },
}

/// The differences between an earlier and a later catalog. Parts of an object that was created or dropped are not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Differences {
    pub changes: BTreeMap<ObjectName, Change>,
}

/// The differing parts of both catalogs, as two texts that can be compared side by side or line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    pub before: String,
    pub after: String,
}

impl Differences {
    pub(super) fn between(before: &Catalog, after: &Catalog) -> Self {
        let names: BTreeSet<&ObjectName> = before.objects.keys().chain(after.objects.keys()).collect();
        let texts = |catalog: &Catalog| catalog.objects.keys().map(ToString::to_string).collect::<HashSet<_>>();
        let (here, there) = (texts(before), texts(after));
        let mut changes = BTreeMap::new();
        for name in names {
            let change = match (before.objects.get(name), after.objects.get(name)) {
                (Some(object), None) if !came_with_parent(object, &here, &there) => {
                    Change::Removed { object: object.clone() }
                }
                (None, Some(object)) if !came_with_parent(object, &there, &here) => {
                    Change::Added { object: object.clone() }
                }
                (Some(earlier), Some(later)) if earlier.properties != later.properties => Change::Changed {
                    properties: changed(earlier, later),
                },
                _ => continue,
            };
            changes.insert(name.clone(), change);
        }
        Self { changes }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Removes a difference that cannot be avoided, the order of columns after one was dropped and added again, and returns the affected
    /// relations.
    pub fn take_positions(&mut self) -> BTreeSet<String> {
        let mut relations = BTreeSet::new();
        self.changes.retain(|name, change| {
            let Change::Changed { properties } = change else {
                return true;
            };
            if properties.remove(POSITION).is_some()
                && let Some((relation, _)) = name.identity.rsplit_once('.')
            {
                relations.insert(relation.to_owned());
            }
            !properties.is_empty()
        });
        relations
    }

    /// Both sides; of changed objects only the changed properties.
    pub fn texts(&self) -> Texts {
        let mut texts = Texts::default();
        for (name, change) in &self.changes {
            match change {
                Change::Removed { object } => texts.before.push_str(&block(name, telling(object))),
                Change::Added { object } => texts.after.push_str(&block(name, telling(object))),
                Change::Changed { properties } => {
                    let before = properties
                        .iter()
                        .filter_map(|(property, (before, _))| Some((property, before.as_ref()?)));
                    let after = properties
                        .iter()
                        .filter_map(|(property, (_, after))| Some((property, after.as_ref()?)));
                    texts.before.push_str(&block(name, before));
                    texts.after.push_str(&block(name, after));
                }
            }
        }
        texts
    }
}

/// One line per change; longer texts follow on lines of their own.
impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, change) in &self.changes {
            match change {
                Change::Added { object } => write!(f, "+ {}", block(name, telling(object)))?,
                Change::Removed { object } => write!(f, "- {}", block(name, telling(object)))?,
                Change::Changed { properties } => {
                    writeln!(f, "~ {name}")?;
                    for (property, (before, after)) in properties {
                        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
                        writeln!(f, "  {property}: {} -> {}", shown(before), shown(after))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether an object is on one side only because the object that it is a part of is.
fn came_with_parent(object: &Object, here: &HashSet<String>, there: &HashSet<String>) -> bool {
    object
        .parent
        .as_ref()
        .is_some_and(|parent| here.contains(parent) && !there.contains(parent))
}

fn changed(earlier: &Object, later: &Object) -> BTreeMap<String, (Option<String>, Option<String>)> {
    let properties: BTreeSet<&String> = earlier.properties.keys().chain(later.properties.keys()).collect();
    let both = properties.into_iter().map(|property| {
        let values = (
            earlier.properties.get(property).cloned(),
            later.properties.get(property).cloned(),
        );
        (property.clone(), values)
    });
    both.filter(|(_, (before, after))| before != after).collect()
}

fn telling(object: &Object) -> impl Iterator<Item = (&String, &String)> {
    let properties = object.properties.iter();
    properties.filter(|(property, _)| TELLING.contains(&property.as_str()))
}

/// An object and some properties, each on a line of its own; further lines of a text are indented.
pub(super) fn block<'a>(name: &ObjectName, properties: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut text = format!("{name}\n");
    for (property, value) in properties {
        let value = value.trim_end().replace('\n', "\n    ");
        text.push_str(&format!("  {property}: {value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    type Described<'a> = (&'a str, &'a str, Option<&'a str>, &'a [(&'a str, &'a str)]);

    fn catalog(objects: &[Described<'_>]) -> Catalog {
        let objects = objects.iter().map(|(kind, identity, parent, properties)| {
            let name = ObjectName {
                kind: (*kind).into(),
                identity: (*identity).into(),
            };
            let properties = properties.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            let object = Object {
                parent: parent.map(str::to_owned),
                properties: properties.collect(),
            };
            (name, object)
        });
        Catalog {
            objects: objects.collect(),
        }
    }

    #[test]
    fn changes_read_well() {
        let before = catalog(&[
            ("table", "s.t", None, &[("owner", "a")]),
            (
                "column",
                "s.t.a",
                Some("table s.t"),
                &[("type", "integer"), ("position", "1")],
            ),
            (
                "column",
                "s.t.b",
                Some("table s.t"),
                &[("type", "text"), ("default", "'x'::text"), ("position", "2")],
            ),
            (
                "view",
                "s.v",
                None,
                &[("definition", "SELECT 1\nFROM t"), ("owner", "a")],
            ),
        ]);
        let after = catalog(&[
            ("table", "s.t", None, &[("owner", "b")]),
            (
                "column",
                "s.t.a",
                Some("table s.t"),
                &[("type", "integer"), ("position", "2")],
            ),
            (
                "column",
                "s.t.b",
                Some("table s.t"),
                &[("type", "text"), ("position", "1")],
            ),
            (
                "index",
                "s.t_idx",
                Some("table s.t"),
                &[("definition", "CREATE INDEX ...")],
            ),
            ("table", "s.u", None, &[("owner", "a")]),
            ("column", "s.u.a", Some("table s.u"), &[("type", "integer")]),
        ]);
        let mut differences = before.differences(&after);
        assert_eq!(differences.take_positions(), BTreeSet::from(["s.t".to_owned()]));
        insta::assert_snapshot!(differences, @r"
        ~ column s.t.b
          default: 'x'::text -> none
        + index s.t_idx
          definition: CREATE INDEX ...
        ~ table s.t
          owner: a -> b
        + table s.u
        - view s.v
          definition: SELECT 1
            FROM t
        ");
        let texts = differences.texts();
        insta::assert_snapshot!(texts.before, @r"
        column s.t.b
          default: 'x'::text
        table s.t
          owner: a
        view s.v
          definition: SELECT 1
            FROM t
        ");
        assert!(texts.after.contains("column s.t.b\nindex s.t_idx\n"));
        assert!(before.differences(&before).is_empty());
    }
}
