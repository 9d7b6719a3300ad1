//! Rebuilds stale sources, and guests whose plugin interfaces have changed.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use super::scan::{Item, file_stamp};
use super::{LOCK_FILE, write_replacing};
use crate::compile::{self, BuildContext, Finished, Provider, Waiting};
use crate::error::BuildError;
use crate::fingerprint::FileStamps;
use mighost_artifact::{ArtifactInfo, interface_version, is_of_plugin};
use mighost_core::Digest;

/// The minimum interval between writes of the index during a build.
const KEEP_EVERY: Duration = Duration::from_millis(100);

/// Interfaces of plugins by their names, with their digests.
pub(super) type Interfaces = BTreeMap<String, Digest>;

/// The outcome for stale sources.
#[derive(Default)]
pub(super) struct Outcome {
    /// The number of artifacts that were built.
    pub built: usize,
    pub failures: Vec<BuildError>,
}

/// Whether an interface has changed since the item was built against it.
pub(super) fn is_outdated(item: &Item, interfaces: &Interfaces) -> bool {
    let Some(artifact) = item.known.as_ref().filter(|_| item.output.is_some()) else {
        return false;
    };
    let mut imports = artifact.imports.iter().filter(|name| is_of_plugin(name));
    imports.any(|name| standing(name, interfaces).is_some_and(|now| item.used.get(name) != Some(&now)))
}

/// The current digests of those of `imports` that plugins export. Others are omitted: they are reported when the guest is run.
fn used(imports: &[String], interfaces: &Interfaces) -> Interfaces {
    let imports = imports.iter().filter(|name| is_of_plugin(name));
    imports
        .filter_map(|name| Some((name.clone(), standing(name, interfaces)?)))
        .collect()
}

fn standing(name: &str, interfaces: &Interfaces) -> Option<Digest> {
    if let Some(digest) = interfaces.get(name) {
        return Some(*digest);
    }
    if let Some(best) = interface_version::best(name, interfaces.keys().map(String::as_str)) {
        return interfaces.get(best).copied();
    }
    // Only in other versions; a name without a version may refer to one of them.
    let stem = interface_version::stem(name);
    let others: Vec<&[u8]> = interfaces
        .keys()
        .filter(|other| interface_version::stem(other) == stem)
        .map(String::as_bytes)
        .collect();
    (!others.is_empty()).then(|| Digest::of_parts(others))
}

/// Builds the folders in `waiting`, and the outdated ones of the items. `shop` has the built plugins that wait for nothing, `interfaces`
/// their interfaces. `keep` is called in between with everything that is known by then, so that an interruption does not lose finished
/// work.
pub(super) fn build(
    items: &mut [Item],
    mut waiting: Waiting,
    mut interfaces: Interfaces,
    shop: &BuildContext<'_>,
    keep: &dyn Fn(&[Item]),
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut built = Vec::new();
    let mut kept = Instant::now();
    loop {
        let ready = match waiting.ready() {
            Ok(ready) if ready.is_empty() => break,
            Ok(ready) => ready,
            Err(error) => {
                outcome.failures.push(error);
                break;
            }
        };
        let (mut wave, mut failed) = (Vec::new(), Vec::new());
        for mut node in ready {
            let Some(item) = items.get_mut(node.number) else {
                continue;
            };
            if node.stale.is_none() {
                if !is_outdated(item, &interfaces) {
                    settled(item, None, &mut interfaces, shop);
                    continue;
                }
                shop.one_more();
                match item.stale() {
                    Ok(stale) => node.stale = Some(stale),
                    Err(error) => {
                        failed.push((node, Some(error)));
                        continue;
                    }
                }
            }
            wave.push(node);
        }
        let mut answers: Vec<Option<Option<BuildError>>> = wave.iter().map(|_| None).collect();
        let stale: Vec<_> = wave.iter().filter_map(|node| node.stale.as_ref()).collect();
        compile::build(&stale, shop, |place, answer| {
            let (Some(node), Some(failure)) = (wave.get(place), answers.get_mut(place)) else {
                return;
            };
            let Some(item) = items.get_mut(node.number) else {
                return;
            };
            match answer.map(|answer| answer.and_then(|finished| write(item, finished))) {
                Some(Ok(provider)) => {
                    settled(item, provider, &mut interfaces, shop);
                    note_used(item, &interfaces);
                    built.push(node.number);
                }
                Some(Err(error)) => *failure = Some(Some(error)),
                None => *failure = Some(None),
            }
            if kept.elapsed() >= KEEP_EVERY {
                keep(items);
                kept = Instant::now();
            }
        });
        let failures = wave.into_iter().zip(answers);
        failed.extend(failures.filter_map(|(node, failure)| Some((node, failure?))));
        for (node, error) in failed {
            // The previous build does not match the sources.
            if let Some(item) = items.get_mut(node.number) {
                item.known = None;
            }
            waiting.forget_users_of(&node);
            outcome.failures.extend(error);
        }
    }
    outcome.built = built.len();
    for number in built {
        if let Some(item) = items.get_mut(number) {
            note_used(item, &interfaces);
        }
    }
    outcome
}

/// Records the interfaces against which the item's artifact was built.
fn note_used(item: &mut Item, interfaces: &Interfaces) {
    let known = item.known.as_ref();
    item.used = known
        .map(|artifact| used(&artifact.imports, interfaces))
        .unwrap_or_default();
    item.learned = true;
}

/// Makes the item available to others.
fn settled(item: &Item, provider: Option<Provider>, interfaces: &mut Interfaces, shop: &BuildContext<'_>) {
    if let Some(artifact) = &item.known {
        interfaces.extend(of(artifact));
        if let Some(provider) = provider.or_else(|| provider_of(artifact)) {
            shop.providers.add(provider);
        }
    }
}

/// The interfaces of an artifact.
pub(super) fn of(artifact: &ArtifactInfo) -> impl Iterator<Item = (String, Digest)> + use<'_> {
    artifact.interfaces.iter().map(|(name, digest)| (name.clone(), *digest))
}

/// A previously built plugin.
pub(super) fn provider_of(artifact: &ArtifactInfo) -> Option<Provider> {
    let plugin = artifact.plugin.as_ref()?;
    let (exports, path) = (artifact.exports.to_vec(), artifact.path.clone());
    Some(Provider::of_file(plugin.name.clone(), exports, path))
}

/// Writes the artifact and records the information on it; returns the part that others can use.
fn write(item: &mut Item, finished: Finished) -> Result<Option<Provider>, BuildError> {
    let Finished {
        output,
        bytes,
        files,
        provider,
    } = finished;
    let mut artifact = ArtifactInfo::read(output.clone(), &bytes)?;
    if let Some(interfaces) = provider.as_ref().and_then(|provider| provider.interfaces().ok()) {
        artifact.interfaces = interfaces.into();
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).map_err(BuildError::write(folder))?;
    }
    write_replacing(&output, &bytes).map_err(BuildError::write(&output))?;
    item.stamps.files = with_lock_file(item, files)?;
    item.known = Some(Box::new(artifact));
    Ok(provider)
}

/// The build itself writes Cargo's lock file; without this the next run would build again.
fn with_lock_file(item: &Item, mut files: FileStamps) -> Result<FileStamps, BuildError> {
    let lock = item.path.join(LOCK_FILE);
    if lock.is_file() {
        files.insert(LOCK_FILE.into(), file_stamp(&lock)?);
    }
    Ok(files)
}
