//! Compares sources and artifacts with each other.

use std::collections::BTreeMap;

use super::{Finding, FindingKind, count, list};
use crate::context::ProjectHistory;
use crate::heads::{join, told_apart};
use mighost_artifact::inspect::imports_types_alone;
use mighost_artifact::interface_version;
use mighost_runtime::operation_interfaces;

/// The inconsistencies in the project, without a database.
pub(super) fn compare(history: &ProjectHistory) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(heads(history));
    findings.extend(stale(history));
    findings.extend(plugins(history));
    findings
}

/// Several heads are intended if each has a label that the others do not have.
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
    Some(finding.advise(join(&heads)).advise(
        "to keep them separate, give each branch a label: branch-labels in the migration.toml of one of its \
             revisions",
    ))
}

fn stale(history: &ProjectHistory) -> Option<Finding> {
    // Sources that were never built are built when needed; artifacts that were built before do not match their sources.
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
            "{} not built from the current sources: {}",
            count(stale.len(), "artifact"),
            list(&stale)
        ),
    );
    (!stale.is_empty()).then(|| {
        finding.advise(
            "build them: mighost build (upgrade and downgrade do this \
                                                automatically)",
        )
    })
}

/// Imports of built artifacts that no plugin provides. The exports of unbuilt plugins are unknown.
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
            Finding::error(FindingKind::TwoPlugins, what).advise("keep only one of them")
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
            true => Finding::error(FindingKind::MissingPlugin, what)
                .advise("add a plugin that offers it to a plugins folder; `mighost plugins` lists the plugins there"),
            false => Finding::error(
                FindingKind::MissingPlugin,
                format!("{what}; there is {}", others.join(", ")),
            )
            .advise("install the version of the plugin that offers it as well, under another name in plugin.toml"),
        }
    });
    twice.chain(missing).collect()
}
