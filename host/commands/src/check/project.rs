//! Sources and artifacts among themselves.

use std::collections::BTreeMap;

use super::{Finding, FindingKind, count, list};
use crate::context::ProjectHistory;
use crate::heads::{join, told_apart};
use mighost_artifact::inspect::imports_types_alone;
use mighost_artifact::interface_version;
use mighost_runtime::operation_interfaces;

/// What does not agree in the project, before any database is asked.
pub(super) fn compare(history: &ProjectHistory) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(heads(history));
    findings.extend(stale(history));
    findings.extend(plugins(history));
    findings
}

/// Several heads are meant where each has a label that the others have not.
fn heads(history: &ProjectHistory) -> Option<Finding> {
    let heads = history.graph.real_heads();
    if heads.len() < 2 {
        return None;
    }
    let labels: Vec<Vec<&str>> = heads
        .iter()
        .map(|head| history.graph.labels(head).unwrap_or_default())
        .collect();
    let labels: Vec<&[&str]> = labels.iter().map(Vec::as_slice).collect();
    if told_apart(&labels) {
        return None;
    }
    let finding = Finding::error(
        FindingKind::SeveralHeads,
        format!("history has {} heads: {}", heads.len(), list(&heads)),
    );
    Some(
        finding.advise(join(&heads)).advise(
            "where they are to stay apart, give each branch a label: branch-labels in a migration.toml of its own",
        ),
    )
}

fn stale(history: &ProjectHistory) -> Option<Finding> {
    // Whatever was never built is built when it is needed; what was built before is not what its sources say.
    let loaded = &history.loaded;
    let plugins = loaded.plugins.iter().map(|plugin| &plugin.artifact);
    let stale: Vec<String> = loaded
        .migrations
        .iter()
        .chain(plugins)
        .filter(|artifact| artifact.is_described() && artifact.path.is_file())
        .filter_map(|artifact| Some(artifact.path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    let finding = Finding::warning(
        FindingKind::Stale,
        format!(
            "{} not built from the sources as they are now: {}",
            count(stale.len(), "artifact"),
            list(&stale)
        ),
    );
    (!stale.is_empty()).then(|| finding.advise("build them: mighost build (upgrade and downgrade do so by themselves)"))
}

/// What built artifacts import, and no plugin offers. Of plugins that are not built it is not known what they offer.
fn plugins(history: &ProjectHistory) -> Vec<Finding> {
    let loaded = &history.loaded;
    if loaded.plugins.iter().any(|plugin| plugin.artifact.is_described()) {
        return Vec::new();
    }
    let mut offered: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for plugin in &loaded.plugins {
        let kinds = plugin.metadata.kinds.iter().map(|kind| format!("the kind {kind}"));
        for offer in operation_interfaces(&plugin.artifact).chain(kinds) {
            offered.entry(offer).or_default().push(&plugin.metadata.name);
        }
    }
    let twice = offered
        .iter()
        .filter(|(_, plugins)| plugins.len() > 1)
        .map(|(offer, plugins)| {
            let what = format!("{} plugins offer {offer}: {}", plugins.len(), list(plugins));
            Finding::error(FindingKind::TwoPlugins, what).advise("remove all of them but one")
        });
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let plugins = loaded.plugins.iter().map(|plugin| &plugin.artifact);
    for artifact in loaded.migrations.iter().chain(plugins) {
        let wanted = artifact.imports.iter().filter(|name| {
            let foreign = !name.starts_with("mighost:host/") && !name.starts_with("wasi:");
            let served = || interface_version::best(name, offered.keys().map(String::as_str)).is_some();
            name.contains('/') && foreign && !served() && !imports_types_alone(artifact, name)
        });
        for interface in wanted {
            let name = artifact
                .path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            missing.entry(interface).or_default().push(name);
        }
    }
    let missing = missing.into_iter().map(|(interface, by)| {
        let what = format!("no plugin offers {interface}, which is needed by {}", list(&by));
        let others = offered
            .iter()
            .filter(|(other, _)| interface_version::offered(interface, other).is_some());
        let others: Vec<String> = others.map(|(other, by)| format!("{other} ({})", list(by))).collect();
        match others.is_empty() {
            true => Finding::error(FindingKind::MissingPlugin, what).advise(
                "put the plugin that offers it into a folder of plugins; `mighost plugins` lists what there is",
            ),
            false => Finding::error(
                FindingKind::MissingPlugin,
                format!("{what}; there is {}", others.join(", ")),
            )
            .advise(
                "put the plugin's version that offers it beside the other one, under a name of its own in plugin.toml",
            ),
        }
    });
    twice.chain(missing).collect()
}
