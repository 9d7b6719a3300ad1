package mighost

import (
	"maps"
	"slices"

	"mighost/wit/mighost_host_objects"

	wit "go.bytecodealliance.org/pkg/wit/types"
)

// What follows is called by generated code.

// ToHost is an object as the host takes it.
func ToHost(object Object) mighost_host_objects.Object {
	options := make([]wit.Tuple2[string, string], 0, len(object.Options))
	for _, option := range object.Options {
		options = append(options, wit.Tuple2[string, string]{F0: option.Name, F1: option.Value})
	}
	return mighost_host_objects.Object{
		Kind: object.Kind, Name: object.Name, Definition: object.Definition, Options: options,
	}
}

// FromHost is an object that the host sends.
func FromHost(object mighost_host_objects.Object) Object {
	own := Object{Kind: object.Kind, Name: object.Name, Definition: object.Definition}
	for _, option := range object.Options {
		own.Options = append(own.Options, ObjectOption{option.F0, option.F1})
	}
	return own
}

// AllToHost is a list of objects as the host takes it.
func AllToHost(objects []Object) []mighost_host_objects.Object {
	all := make([]mighost_host_objects.Object, 0, len(objects))
	for _, object := range objects {
		all = append(all, ToHost(object))
	}
	return all
}

// ByKey is a revision's objects with their keys, sorted by key.
func ByKey(objects map[string]Object) []wit.Tuple2[string, mighost_host_objects.Object] {
	all := make([]wit.Tuple2[string, mighost_host_objects.Object], 0, len(objects))
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		all = append(all, wit.Tuple2[string, mighost_host_objects.Object]{F0: key, F1: ToHost(objects[key])})
	}
	return all
}
