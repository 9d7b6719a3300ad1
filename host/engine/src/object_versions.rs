//! Finds earlier versions of replaceable objects in the revision history.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use mighost_artifact::{ProjectArtifacts, is_sql_migration};
use mighost_core::{Direction, Reporter};
use mighost_graph::Graph;
use mighost_runtime::{
    Guest, GuestContext, GuestStep, HostServices, NoHostServices, Object, Registry, RuntimeError, call_objects,
};

type Objects = Arc<Vec<(String, Object)>>;

/// The rest of the project, for guests: plugins by kind, earlier versions by revision.
pub(crate) struct ObjectVersions {
    loaded: Arc<ProjectArtifacts>,
    graph: Arc<Graph>,
    registry: Arc<Registry>,
    settings: Arc<GuestContext>,
    reporter: Arc<dyn Reporter>,
    /// The objects of the revisions that were asked in this run.
    objects: Mutex<HashMap<String, Objects>>,
}

impl ObjectVersions {
    pub(crate) fn new(
        loaded: Arc<ProjectArtifacts>,
        graph: Arc<Graph>,
        registry: Arc<Registry>,
        settings: Arc<GuestContext>,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        Self {
            loaded,
            graph,
            registry,
            settings,
            reporter,
            objects: Mutex::default(),
        }
    }

    /// The objects that `revision` defines. SQL migrations define none and are not called.
    async fn objects_of(&self, revision: &str) -> Result<Objects, RuntimeError> {
        if let Some(objects) = self.objects.lock().await.get(revision) {
            return Ok(objects.clone());
        }
        let Some((_, artifact)) = self.loaded.revision(revision) else {
            return Ok(Objects::default());
        };
        if is_sql_migration(artifact) {
            return Ok(Objects::default());
        }
        let guest = self.registry.migration(artifact, revision)?;
        let (settings, reporter) = (self.settings.clone(), self.reporter.clone());
        let step = GuestStep::new(
            revision.to_owned(),
            Direction::Upgrade,
            settings,
            reporter,
            Arc::new(NoHostServices),
            None,
        );
        let objects = Arc::new(call_objects(&guest, &step).await?);
        self.objects.lock().await.insert(revision.to_owned(), objects.clone());
        Ok(objects)
    }

    async fn version_in(&self, revision: &str, kind: &str, name: &str) -> Result<Option<Object>, RuntimeError> {
        let objects = self.objects_of(revision).await?;
        Ok(objects
            .iter()
            .map(|(_, object)| object)
            .find(|object| object.kind == kind && object.name == name)
            .cloned())
    }

    /// `REVISION.KEY`. Both may contain dots, so the longest existing revision counts.
    async fn named(&self, reference: &str) -> Result<Object, RuntimeError> {
        let unknown = |reason: String| RuntimeError::UnknownVersion {
            reference: reference.to_owned(),
            reason,
        };
        let dots: Vec<_> = reference.match_indices('.').map(|(at, _)| at).collect();
        for dot in dots.into_iter().rev() {
            let (revision, key) = (&reference[..dot], &reference[dot + 1..]);
            if self.loaded.revision(revision).is_some() {
                let objects = self.objects_of(revision).await?;
                return match objects.iter().find(|(name, _)| name == key) {
                    Some((_, object)) => Ok(object.clone()),
                    None => {
                        let keys: Vec<_> = objects.iter().map(|(key, _)| key.as_str()).collect();
                        Err(unknown(format!(
                            "revision {revision} defines {}",
                            if keys.is_empty() {
                                "no objects".into()
                            } else {
                                keys.join(", ")
                            }
                        )))
                    }
                };
            }
        }
        Err(unknown("there is no such revision; the form is REVISION.KEY".into()))
    }
}

#[async_trait]
impl HostServices for ObjectVersions {
    fn kind(&self, kind: &str) -> Result<Arc<Guest>, RuntimeError> {
        self.registry.kind(kind)
    }

    async fn earlier_version(
        &self,
        step: &GuestStep,
        object: &Object,
        named: Option<&str>,
    ) -> Result<Object, RuntimeError> {
        let (kind, name) = (object.kind.clone(), object.name.clone());
        if let Some(reference) = named {
            let earlier = self.named(reference).await?;
            if earlier.kind != kind {
                let reason = format!("it is a {}, not a {kind}", earlier.kind);
                return Err(RuntimeError::UnknownVersion {
                    reference: reference.to_owned(),
                    reason,
                });
            }
            return Ok(earlier);
        }
        let none = RuntimeError::NoEarlierVersion {
            revision: step.revision.clone(),
            kind: kind.clone(),
            name: name.clone(),
        };
        let Ok(ancestors) = self.graph.ancestors(&step.revision) else {
            return Err(none);
        };
        let mut found: Option<(&str, Object, HashSet<&str>)> = None;
        for revision in ancestors {
            match &found {
                None => {
                    if let Some(object) = self.version_in(revision, &kind, &name).await? {
                        let older = self.graph.ancestors(revision).unwrap_or_default().into_iter().collect();
                        found = Some((revision, object, older));
                    }
                }
                // Not older than the one that was found: newer than it, or on another line of history, in which case there is no order
                // that decides which is the earlier version.
                Some((first, _, older)) if !older.contains(revision) => {
                    if let Some(object) = self.version_in(revision, &kind, &name).await? {
                        let older: HashSet<_> =
                            self.graph.ancestors(revision).unwrap_or_default().into_iter().collect();
                        if !older.contains(first) {
                            let (first, second) = ((*first).to_owned(), revision.to_owned());
                            return Err(RuntimeError::AmbiguousEarlierVersion {
                                kind,
                                name,
                                first,
                                second,
                            });
                        }
                        found = Some((revision, object, older));
                    }
                }
                Some(_) => {}
            }
        }
        found.map(|(_, object, _)| object).ok_or(none)
    }
}
