//! Operations on replaceable objects of any kind. The host finds the plugin that provides the kind, and the earlier version of an object
//! in the revision history.

use std::borrow::Borrow;

use crate::bindings::mighost::host::replaceable as host;
use crate::objects::Object;

/// Creates an object that does not exist yet.
pub fn create(object: impl Borrow<Object>) {
    host::create(object.borrow());
}

/// Drops an object. Objects that depend on it are not dropped: PostgreSQL then refuses.
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

/// Restores the version that the nearest ancestor of the running revision defines, in place of `object`: the reverse of [`replace`].
pub fn restore(object: impl Borrow<Object>) {
    host::restore(object.borrow(), None);
}

/// Restores the version that `earlier` names, as `REVISION.KEY`, in place of `object`.
pub fn restore_version(object: impl Borrow<Object>, earlier: &str) {
    host::restore(object.borrow(), Some(earlier));
}
