//! In which order folders are built: a plugin before what uses its interfaces.

use std::path::Path;

use super::super::driver::Driver;
use super::super::error::ArtifactError;
use super::super::interface::InterfaceName;
use super::world::OwnWit;
use super::{Source, Stale};

/// A folder that is to be built, by its number.
struct Node {
    number: usize,
    /// The package whose interfaces it will export, without its version.
    package: Option<String>,
    /// What it imports from other packages.
    uses: Vec<InterfaceName>,
}

/// The numbers of those of `stale` that are not Rust's, in groups: whatever one uses is in a group before its own. Plugins in Rust are built
/// before any of them.
pub(super) fn waves(stale: &[Stale]) -> Result<Vec<Vec<usize>>, ArtifactError> {
    let mut waiting = Vec::new();
    for (number, stale) in stale.iter().enumerate() {
        if stale.source.driver() != Driver::Rust {
            waiting.push(node(number, &stale.source)?);
        }
    }
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let ready = |node: &Node| !waiting.iter().any(|other| needs(node, other));
        let wave: Vec<usize> = waiting
            .iter()
            .filter(|node| ready(node))
            .map(|node| node.number)
            .collect();
        if wave.is_empty() {
            return Err(cycle(&waiting, stale));
        }
        waiting.retain(|node| !wave.contains(&node.number));
        waves.push(wave);
    }
    Ok(waves)
}

fn node(number: usize, source: &Source) -> Result<Node, ArtifactError> {
    let mut node = Node {
        number,
        package: None,
        uses: source.uses().to_vec(),
    };
    if let Source::Plugin(plugin) = source
        && let Some(own) = OwnWit::read(&plugin.folder)?
    {
        node.uses.extend(own.uses());
        node.package = Some(own.package_name());
    }
    Ok(node)
}

fn needs(node: &Node, other: &Node) -> bool {
    let package = other.package.as_ref();
    node.number != other.number && package.is_some_and(|package| node.uses.iter().any(|name| name.package == *package))
}

/// Names one cycle among `waiting`, each of which waits for another.
fn cycle(waiting: &[Node], stale: &[Stale]) -> ArtifactError {
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
    let source = |node: &&Node| stale.get(node.number).map(|stale| &stale.source);
    let first = round.first();
    let names = round.iter().chain(first).filter_map(source).map(Source::name);
    let folder = first.and_then(source).map_or(Path::new(""), Source::folder);
    ArtifactError::Source {
        path: folder.to_owned(),
        text: format!(
            "plugins use each other's interfaces in a circle: {}; none of them can be built first",
            names.collect::<Vec<_>>().join(" uses ")
        ),
    }
}
