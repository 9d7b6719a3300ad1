package mighost

import "mighost/wit/mighost_host_replaceable"

// These are for migrations; a plugin cannot call them.

// Create creates an object that does not exist yet.
func Create(object Object) { mighost_host_replaceable.Create(ToHost(object)) }

// Drop drops an object. What depends on it is not dropped: PostgreSQL refuses then.
func Drop(object Object) { mighost_host_replaceable.Drop(ToHost(object)) }

// Replace puts the object in the place of the version that the nearest ancestor defines. What depends on it is kept.
func Replace(object Object) { mighost_host_replaceable.Replace(ToHost(object), None[string]()) }

// ReplaceVersion is [Replace] for a version that is named as REVISION.KEY.
func ReplaceVersion(object Object, version string) {
	mighost_host_replaceable.Replace(ToHost(object), Some(version))
}

// Restore is the reverse of [Replace], for downgrades.
func Restore(object Object) { mighost_host_replaceable.Restore(ToHost(object), None[string]()) }

// RestoreVersion is the reverse of [ReplaceVersion].
func RestoreVersion(object Object, version string) {
	mighost_host_replaceable.Restore(ToHost(object), Some(version))
}
