//! Build order: a plugin before the guests that use its interfaces.

use std::collections::BTreeMap;
use std::path::Path;

use super::world::OwnWit;
use super::{Source, Stale};
use crate::driver::Driver;
use crate::error::BuildError;
use mighost_artifact::{ArtifactInfo, is_of_plugin};

/// A folder that has to be built, or may have to be.
pub(crate) struct Node {
    /// The caller's identifier.
    pub number: usize,
    /// `None` for a built folder, which is rebuilt only if an interface that it uses has changed.
    pub stale: Option<Stale>,
    /// The packages whose interfaces it exports, without their versions.
    packages: Vec<String>,
    /// The packages of its imports.
    needs: Vec<String>,
}

impl Node {
    /// A folder that is stale.
    ///
    /// # Errors
    /// If the plugin's own WIT cannot be read.
    pub fn of_source(number: usize, stale: Stale) -> Result<Self, BuildError> {
        let source = &stale.source;
        // Cargo needs no built plugins, because Rust crates include the WIT of their imports.
        let rust = source.driver() == Driver::Rust;
        let (mut packages, mut needs) = (Vec::new(), Vec::new());
        if !rust {
            needs.extend(source.uses().iter().map(|name| name.package.clone()));
        }
        if let Source::Plugin(plugin) = source
            && !plugin.test
        {
            match OwnWit::read(&plugin.folder) {
                Ok(None) => {}
                Ok(Some(own)) => {
                    if !rust {
                        needs.extend(own.uses().into_iter().map(|name| name.package));
                    }
                    packages.push(own.package_name());
                }
                // The crate itself names its WIT, and the compiler reports errors in it.
                Err(_) if rust => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            number,
            stale: Some(stale),
            packages,
            needs,
        })
    }

    /// A built folder; `None` if it imports nothing from plugins.
    pub fn of_artifact(number: usize, artifact: &ArtifactInfo) -> Option<Self> {
        let packages = |names: &[String]| -> Vec<String> {
            let names = names.iter().filter(|name| is_of_plugin(name));
            names
                .filter_map(|name| Some(name.split_once('/')?.0.to_owned()))
                .collect()
        };
        let node = Self {
            number,
            stale: None,
            packages: packages(&artifact.exports),
            needs: packages(&artifact.imports),
        };
        (!node.needs.is_empty()).then_some(node)
    }
}

/// Folders that wait for those whose interfaces they use.
#[derive(Default)]
pub(crate) struct Waiting {
    nodes: Vec<Node>,
}

impl Waiting {
    pub fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Removes and returns the folders that do not wait for others; empty when nothing is left.
    ///
    /// # Errors
    /// If sources use each other in a cycle. They are then no longer waiting.
    pub fn ready(&mut self) -> Result<Vec<Node>, BuildError> {
        let mut exporters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for node in &self.nodes {
            for package in &node.packages {
                exporters.entry(package).or_default().push(node.number);
            }
        }
        let waits = |node: &Node| {
            let mut exporters = node.needs.iter().filter_map(|package| exporters.get(package.as_str()));
            exporters.any(|numbers| numbers.iter().any(|number| *number != node.number))
        };
        let waits: Vec<bool> = self.nodes.iter().map(waits).collect();
        if waits.iter().all(|waits| *waits) {
            // Built ones that use each other are left to the linker, which refuses them.
            let built = std::mem::take(&mut self.nodes);
            let (stale, built): (Vec<_>, Vec<_>) = built.into_iter().partition(|node| node.stale.is_some());
            if built.is_empty() && !stale.is_empty() {
                return Err(cycle(&stale));
            }
            self.nodes = stale;
            return Ok(built);
        }
        let (mut ready, mut rest) = (Vec::new(), Vec::new());
        for (node, waits) in std::mem::take(&mut self.nodes).into_iter().zip(waits) {
            let list = if waits { &mut rest } else { &mut ready };
            list.push(node);
        }
        self.nodes = rest;
        Ok(ready)
    }

    /// Removes and returns all folders that use one of `packages`, directly or indirectly.
    pub fn forget_users_of(&mut self, failed: &Node) {
        let mut gone = failed.packages.clone();
        loop {
            let before = self.nodes.len();
            self.nodes.retain(|node| {
                let uses = node.needs.iter().any(|package| gone.contains(package));
                if uses {
                    gone.extend(node.packages.iter().cloned());
                }
                !uses
            });
            if self.nodes.len() == before {
                return;
            }
        }
    }
}

fn needs(node: &Node, other: &Node) -> bool {
    node.number != other.number && other.packages.iter().any(|package| node.needs.contains(package))
}

fn source(node: &Node) -> Option<&Source> {
    node.stale.as_ref().map(|stale| &stale.source)
}

/// Names one cycle among `waiting`, each of which waits for another.
fn cycle(waiting: &[Node]) -> BuildError {
    let mut path: Vec<&Node> = waiting.first().into_iter().collect();
    let mut round: &[&Node] = &[];
    while let Some(next) = path
        .last()
        .and_then(|last| waiting.iter().find(|other| needs(last, other)))
    {
        if let Some(start) = path.iter().position(|node| node.number == next.number) {
            round = path.get(start..).unwrap_or_default();
            break;
        }
        path.push(next);
    }
    let first = round.first().copied();
    let names = round.iter().copied().chain(first).filter_map(source).map(Source::name);
    let folder = first.and_then(source).map_or(Path::new(""), Source::folder);
    BuildError::Source {
        path: folder.to_owned(),
        text: format!(
            "plugins use each other's interfaces in a cycle: {}; none of them can be built first",
            names.collect::<Vec<_>>().join(" uses ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: usize, packages: &[&str], needs: &[&str]) -> Node {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Node {
            number,
            stale: None,
            packages: owned(packages),
            needs: owned(needs),
        }
    }

    fn waiting(nodes: Vec<Node>) -> Waiting {
        let mut waiting = Waiting::default();
        nodes.into_iter().for_each(|node| waiting.push(node));
        waiting
    }

    /// The numbers of all groups.
    fn groups(mut waiting: Waiting) -> Vec<Vec<usize>> {
        let mut groups = Vec::new();
        loop {
            let group = waiting.ready().unwrap();
            match group.is_empty() {
                true => return groups,
                false => groups.push(group.iter().map(|node| node.number).collect()),
            }
        }
    }

    #[test]
    fn what_is_used_comes_first() {
        let nodes = vec![
            node(1, &[], &["a:b", "a:c"]),
            node(2, &["a:c"], &["a:b", "a:c"]),
            node(3, &["a:b"], &["a:gone"]),
            node(4, &[], &[]),
        ];
        assert_eq!(groups(waiting(nodes)), [vec![3, 4], vec![2], vec![1]]);
    }

    #[test]
    fn artifacts_that_use_each_other_are_let_through() {
        let nodes = vec![node(1, &["a:b"], &["a:c"]), node(2, &["a:c"], &["a:b"])];
        assert_eq!(groups(waiting(nodes)), [vec![1, 2]]);
    }

    #[test]
    fn users_of_what_failed_are_not_tried() {
        let nodes = vec![
            node(1, &[], &["a:c"]),
            node(2, &["a:c"], &["a:b"]),
            node(3, &[], &["a:d"]),
        ];
        let mut waiting = waiting(nodes);
        waiting.forget_users_of(&node(4, &["a:b"], &[]));
        assert_eq!(groups(waiting), [vec![3]]);
    }
}
