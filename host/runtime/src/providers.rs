//! Services that the runtime needs from higher layers while guests run.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Guest, GuestStep, Object, RuntimeError};

/// Finds plugins and earlier versions of objects.
#[async_trait]
pub trait HostServices: Send + Sync {
    /// The plugin that provides objects of `kind`.
    ///
    /// # Errors
    /// If no plugin provides the kind, or the plugin cannot be loaded.
    fn kind(&self, kind: &str) -> Result<Arc<Guest>, RuntimeError>;

    /// The version of `object` that `named` names as `REVISION.KEY`; if `named` is `None`, the version that the nearest ancestor of the
    /// running revision defines.
    ///
    /// # Errors
    /// If there is no such version, or several without an order between them.
    async fn earlier_version(
        &self,
        step: &GuestStep,
        object: &Object,
        named: Option<&str>,
    ) -> Result<Object, RuntimeError>;
}

/// For guests of which only the objects are requested.
pub struct NoHostServices;

#[async_trait]
impl HostServices for NoHostServices {
    fn kind(&self, kind: &str) -> Result<Arc<Guest>, RuntimeError> {
        Err(RuntimeError::UnknownKind {
            kind: kind.to_owned(),
            known: Vec::new(),
        })
    }

    async fn earlier_version(
        &self,
        step: &GuestStep,
        object: &Object,
        _: Option<&str>,
    ) -> Result<Object, RuntimeError> {
        let (kind, name) = (object.kind.clone(), object.name.clone());
        Err(RuntimeError::NoEarlierVersion {
            revision: step.revision.clone(),
            kind,
            name,
        })
    }
}
