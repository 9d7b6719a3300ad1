//! What the runtime asks of the layers above it while guests run.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Guest, GuestStep, Object, RuntimeError};

/// Finds plugins and earlier versions of objects.
#[async_trait]
pub trait HostServices: Send + Sync {
    /// The plugin that serves objects of `kind`.
    ///
    /// # Errors
    /// No plugin does, or it cannot be loaded.
    fn kind(&self, kind: &str) -> Result<Arc<Guest>, RuntimeError>;

    /// The version of `object` that `named` names as `REVISION.KEY` or, with none, that the nearest ancestor of the running
    /// revision defines.
    ///
    /// # Errors
    /// There is none, or several that no order tells apart.
    async fn earlier_version(
        &self,
        step: &GuestStep,
        object: &Object,
        named: Option<&str>,
    ) -> Result<Object, RuntimeError>;
}

/// For guests that are asked for their objects only.
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
