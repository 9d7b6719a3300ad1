// Package mighost is what a migration or a plugin in Go uses beside the bindings of its world.
//
// It is thin: each function stands for one of the host's, in Go's own types, or quotes. The interfaces of plugins are in packages of their
// names, e.g. mighost/wit/mighost_roles_roles for mighost:roles/roles.
//
// A statement that fails ends the run, so [Execute] and its like return no error. What a function of yours returns as an error ends the
// run, too, and a panic does, with the file and the line where it happened.
package mighost

import (
	"fmt"
	"runtime"
	"strings"

	"mighost/wit/mighost_host_assets"
	"mighost/wit/mighost_host_context"
	"mighost/wit/mighost_host_log"

	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Option is WIT's option<T>, with IsSome, Some and SomeOr.
type Option[T any] = wit.Option[T]

// Some is an option that holds value.
func Some[T any](value T) Option[T] { return wit.Some(value) }

// None is an option that holds nothing.
func None[T any]() Option[T] { return wit.None[T]() }

// Schema is the schema that the run targets, unquoted. Plain names already mean it.
func Schema() string { return mighost_host_context.Schema() }

// Revision is the id of the revision that is being run.
func Revision() string { return mighost_host_context.Revision() }

// Direction is the direction of the step.
type Direction = mighost_host_context.Direction

// The directions of a step. Only hooks see a stamp.
const (
	Upgrade   = mighost_host_context.Direction_Upgrade
	Downgrade = mighost_host_context.Direction_Downgrade
	Stamp     = mighost_host_context.Direction_Stamp
)

// CurrentDirection is the direction of the step that is being run.
func CurrentDirection() Direction { return mighost_host_context.CurrentDirection() }

// Dialect is the SQL dialect of the database: postgresql.
func Dialect() string { return mighost_host_context.Dialect() }

// Offline is true where statements go into a script.
func Offline() bool { return mighost_host_context.Offline() }

// Argument is the value of -x name=value, and whether there is one.
func Argument(name string) (string, bool) { return split(mighost_host_context.Argument(name)) }

// Asset is the content of a file below assets/, and whether there is one.
func Asset(name string) ([]byte, bool) { return split(mighost_host_assets.Read(name)) }

// AssetNames lists the files below assets/.
func AssetNames() []string { return mighost_host_assets.Names() }

// Debugf writes a message that is shown with --verbose.
func Debugf(format string, arguments ...any) {
	message(mighost_host_log.Level_Debug, format, arguments)
}

// Infof writes a message for the person who watches the run.
func Infof(format string, arguments ...any) { message(mighost_host_log.Level_Info, format, arguments) }

// Warnf writes a warning.
func Warnf(format string, arguments ...any) { message(mighost_host_log.Level_Warn, format, arguments) }

// Progress says how much is done, in units of your choice. A total of 0 is not known.
func Progress(done, total uint64) {
	known := None[uint64]()
	if total > 0 {
		known = Some(total)
	}
	mighost_host_log.Progress(done, known)
}

// Failf ends the run with a reason; it does not return.
func Failf(format string, arguments ...any) {
	mighost_host_context.Fail(fmt.Sprintf(format, arguments...))
}

// Object is something that is created and dropped as a whole: a view, a function, a gronk.
type Object struct {
	// The kind, e.g. view; a plugin serves it.
	Kind string
	// Unquoted; a function with its arguments' types: closest(double precision, double precision).
	Name string
	// In the kind's own words, e.g. a view's SELECT.
	Definition string
	// The kind's own settings, in order; names may repeat.
	Options []ObjectOption
}

// ObjectOption is a setting of an object.
type ObjectOption struct{ Name, Value string }

// View is an object of the kind view.
func View(name, query string) Object { return Object{Kind: "view", Name: name, Definition: query} }

// Function is an object of the kind function: its definition is what follows CREATE FUNCTION's name and arguments.
func Function(name, definition string) Object {
	return Object{Kind: "function", Name: name, Definition: definition}
}

// With is the object with one more option.
func (object Object) With(name, value string) Object {
	options := append([]ObjectOption(nil), object.Options...)
	object.Options = append(options, ObjectOption{name, value})
	return object
}

// Option is the value of the first option of this name, and whether there is one.
func (object Object) Option(name string) (string, bool) {
	for _, option := range object.Options {
		if option.Name == name {
			return option.Value, true
		}
	}
	return "", false
}

// What follows is called by generated code.

// Ended ends the run where a function of the guest panics or returns an error. It is deferred by each function that the host calls.
func Ended(err *error) {
	if reason := recover(); reason != nil {
		mighost_host_context.Fail(fmt.Sprintf("%v%s", reason, where()))
	}
	if *err != nil {
		mighost_host_context.Fail((*err).Error())
	}
}

// The first line of the guest's own code on the way to the panic.
func where() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		// The build names files by module and version, and this version is the guest's alone.
		if _, name, own := strings.Cut(frame.File, "@v0.0.0/"); own {
			return fmt.Sprintf(" (%s:%d)", name, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

func message(level mighost_host_log.Level, format string, arguments []any) {
	mighost_host_log.Message(level, fmt.Sprintf(format, arguments...))
}

func split[T any](option wit.Option[T]) (value T, there bool) {
	if option.IsSome() {
		return option.Some(), true
	}
	return value, false
}
