//! Operations on replaceable objects, whatever their kind. The host finds the plugin that serves the kind, and the earlier
//! versions in the history of revisions.

use std::borrow::Borrow;

use crate::bindings::mighost::host::replaceable as host;
use crate::objects::Object;

/// Creates an object that does not exist yet.
pub fn create(object: impl Borrow<Object>) {
    host::create(object.borrow());
}

/// Drops an object. What depends on it is not dropped: PostgreSQL refuses then.
pub fn drop(object: impl Borrow<Object>) {
    host::drop(object.borrow());
}

/// Replaces the version that the nearest ancestor of the running revision defines by `object`.
pub fn replace(object: impl Borrow<Object>) {
    host::replace(object.borrow(), None);
}

/// Replaces the version that `earlier` names, as `REVISION.KEY`, by `object`.
pub fn replace_version(object: impl Borrow<Object>, earlier: &str) {
    host::replace(object.borrow(), Some(earlier));
}

/// Puts the version that the nearest ancestor of the running revision defines in the place of `object`: the reverse of [`replace`].
pub fn restore(object: impl Borrow<Object>) {
    host::restore(object.borrow(), None);
}

/// Puts the version that `earlier` names, as `REVISION.KEY`, in the place of `object`.
pub fn restore_version(object: impl Borrow<Object>, earlier: &str) {
    host::restore(object.borrow(), Some(earlier));
}
