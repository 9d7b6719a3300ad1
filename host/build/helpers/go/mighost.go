// Package mighost is what a migration or a plugin in Go uses beside the bindings of its world.
//
// It is thin: each function stands for one of the host's, in Go's own types, or quotes. What is not here, cursors and COPY, is in the
// bindings: mighost/wit/mighost_host_database. The interfaces of plugins are in packages of their names, e.g.
// mighost/wit/mighost_roles_roles for mighost:roles/roles.
//
// A statement that fails ends the run, so [Execute] and its like return no error. What a function of yours returns as an error ends the
// run, too, and a panic does, with the file and the line where it happened.
package mighost

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"mighost/wit/mighost_host_assets"
	"mighost/wit/mighost_host_context"
	"mighost/wit/mighost_host_database"
	"mighost/wit/mighost_host_log"

	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Option is WIT's option<T>, with IsSome, Some and SomeOr.
type Option[T any] = wit.Option[T]

// Some is an option that holds value.
func Some[T any](value T) Option[T] { return wit.Some(value) }

// None is an option that holds nothing.
func None[T any]() Option[T] { return wit.None[T]() }

// Identifier quotes a name, so that it stands for itself in SQL: it's becomes "it's".
func Identifier(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Qualified quotes a name with its schema: "crmp"."station".
func Qualified(schema, name string) string {
	return Identifier(schema) + "." + Identifier(name)
}

// Literal quotes a text as a literal, whatever standard_conforming_strings says.
func Literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// Format fills in a statement as PostgreSQL's format() does: %I stands for an argument as a quoted name, %L as a quoted literal (nil as
// NULL), %s, %d and %v as fmt prints it, and %% for a percent sign. Too few or too many arguments panic.
func Format(statement string, arguments ...any) string {
	var text strings.Builder
	next := 0
	for rest := statement; ; {
		before, behind, found := strings.Cut(rest, "%")
		text.WriteString(before)
		if !found {
			break
		}
		if behind == "" {
			panic("a % at the end of a format; %% stands for one")
		}
		verb := behind[0]
		rest = behind[1:]
		if verb == '%' {
			text.WriteByte('%')
			continue
		}
		if next == len(arguments) {
			panic(fmt.Sprintf("format wants more than the %d arguments that it has: %s", next, statement))
		}
		argument := arguments[next]
		next++
		switch {
		case verb == 'I':
			text.WriteString(Identifier(fmt.Sprint(argument)))
		case verb == 'L' && argument == nil:
			text.WriteString("NULL")
		case verb == 'L':
			text.WriteString(Literal(fmt.Sprint(argument)))
		case verb == 's', verb == 'd', verb == 'v':
			text.WriteString(fmt.Sprint(argument))
		default:
			panic(fmt.Sprintf("a format knows %%I, %%L, %%s, %%d and %%v, not %%%c", verb))
		}
	}
	if next < len(arguments) {
		panic(fmt.Sprintf("format has %d arguments and wants %d: %s", len(arguments), next, statement))
	}
	return text.String()
}

// Execute sends a statement, or several, as they stand.
func Execute(statement string) { mighost_host_database.Execute(statement, nil) }

// Executef sends a statement that is filled in by [Format].
func Executef(statement string, arguments ...any) { Execute(Format(statement, arguments...)) }

// ExecuteScript sends a script with psql's variables filled in.
func ExecuteScript(script string) { mighost_host_database.ExecuteScript(script) }

// Run sends one statement with parameters, $1 and so on, and does not wait for its result. Parameters are nil, bool, whole numbers,
// float64, string or []byte; anything else is sent as fmt prints it.
func Run(statement string, parameters ...any) {
	mighost_host_database.Execute(statement, values(parameters))
}

// RunCounted runs one statement with parameters, waits for it, and returns how many rows it returned or changed.
func RunCounted(statement string, parameters ...any) uint64 {
	return mighost_host_database.ExecuteCounted(statement, values(parameters))
}

// Column is a column of a result: its name, and the name and the OID of its type.
type Column = mighost_host_database.Column

// Rows is a query's result. A value is nil, bool, int64, float64, string or []byte.
type Rows struct {
	Columns []Column
	Rows    [][]any
	// Affected is how many rows the statement returned or changed.
	Affected uint64
}

// Query runs one query with parameters, as [Run] takes them. Offline the run ends: there is no database to ask.
func Query(statement string, parameters ...any) Rows {
	return rows(mighost_host_database.Query(statement, values(parameters)))
}

func rows(found mighost_host_database.Rows) Rows {
	rows := Rows{Columns: found.Columns, Affected: found.Affected}
	for _, row := range found.Rows {
		plain := make([]any, len(row))
		for number, value := range row {
			plain[number] = native(value)
		}
		rows.Rows = append(rows.Rows, plain)
	}
	return rows
}

// QueryColumn runs a query whose first column is of the type T, and returns that column. NULL becomes T's zero.
func QueryColumn[T bool | int64 | float64 | string | []byte](statement string, parameters ...any) []T {
	found := Query(statement, parameters...)
	column := make([]T, 0, len(found.Rows))
	for _, row := range found.Rows {
		var value T
		if len(row) > 0 && row[0] != nil {
			typed, fits := row[0].(T)
			if !fits {
				panic(fmt.Sprintf("column %s is %T, not %T: cast it in the query", found.Columns[0].Name, row[0], value))
			}
			value = typed
		}
		column = append(column, value)
	}
	return column
}

// DatabaseError is what PostgreSQL says of a statement that it refused.
type DatabaseError struct {
	Severity, SQLState, Message, Detail, Hint, Context string
	// Fields has what the error is about: schema, table, column, datatype, constraint.
	Fields map[string]string
}

func (e *DatabaseError) Error() string {
	return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.SQLState)
}

// TryQuery runs one statement with parameters under a savepoint. If it fails, the error is a *[DatabaseError], and the run goes on as if
// it had not been sent.
func TryQuery(statement string, parameters ...any) (Rows, error) {
	result := mighost_host_database.TryQuery(statement, values(parameters))
	if result.IsOk() {
		return rows(result.Ok()), nil
	}
	refused := result.Err()
	fields := make(map[string]string, len(refused.Fields))
	for _, field := range refused.Fields {
		fields[field.F0] = field.F1
	}
	return Rows{}, &DatabaseError{
		Severity: refused.Severity,
		SQLState: refused.Sqlstate,
		Message:  refused.Message,
		Detail:   refused.Detail.SomeOr(""),
		Hint:     refused.Hint.SomeOr(""),
		Context:  refused.Context.SomeOr(""),
		Fields:   fields,
	}
}

// TryExecute is [TryQuery] for a statement of which only the number of rows counts.
func TryExecute(statement string, parameters ...any) (uint64, error) {
	found, err := TryQuery(statement, parameters...)
	return found.Affected, err
}

// Savepoint undoes what f has done, if f returns an error, and returns the error. The run goes on.
func Savepoint(f func() error) error {
	savepoint := mighost_host_database.MakeSavepoint()
	if err := f(); err != nil {
		mighost_host_database.SavepointRollBack(savepoint)
		return err
	}
	mighost_host_database.SavepointRelease(savepoint)
	return nil
}

// SuspendTransaction commits what was done; statements from here on commit by themselves.
func SuspendTransaction() { mighost_host_database.SuspendTransaction() }

// ResumeTransaction begins a new transaction.
func ResumeTransaction() { mighost_host_database.ResumeTransaction() }

// Schema is the schema that the run targets, unquoted. Plain names already mean it.
func Schema() string { return mighost_host_context.Schema() }

// SuperuserRole is the role for statements that need high privilege, unquoted.
func SuperuserRole() string { return mighost_host_context.SuperuserRole() }

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

// ServerVersion is the server's version, e.g. 150018; offline there is none.
func ServerVersion() (uint32, bool) { return split(mighost_host_context.ServerVersion()) }

// Asset is the content of a file below assets/, and whether there is one.
func Asset(name string) ([]byte, bool) { return split(mighost_host_assets.Read(name)) }

// Debugf writes a message that is shown with --verbose.
func Debugf(format string, arguments ...any) { message(mighost_host_log.Level_Debug, format, arguments) }

// Infof writes a message for the person who watches the run.
func Infof(format string, arguments ...any) { message(mighost_host_log.Level_Info, format, arguments) }

// Warnf writes a warning.
func Warnf(format string, arguments ...any) { message(mighost_host_log.Level_Warn, format, arguments) }

// Failf ends the run with a reason; it does not return.
func Failf(format string, arguments ...any) { mighost_host_context.Fail(fmt.Sprintf(format, arguments...)) }

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

func values(parameters []any) []mighost_host_database.Value {
	values := make([]mighost_host_database.Value, 0, len(parameters))
	for _, parameter := range parameters {
		values = append(values, value(parameter))
	}
	return values
}

func value(parameter any) mighost_host_database.Value {
	switch p := parameter.(type) {
	case nil:
		return mighost_host_database.MakeValueNull()
	case bool:
		return mighost_host_database.MakeValueBoolean(p)
	case int:
		return mighost_host_database.MakeValueInteger(int64(p))
	case int8:
		return mighost_host_database.MakeValueInteger(int64(p))
	case int16:
		return mighost_host_database.MakeValueInteger(int64(p))
	case int32:
		return mighost_host_database.MakeValueInteger(int64(p))
	case int64:
		return mighost_host_database.MakeValueInteger(p)
	case uint8:
		return mighost_host_database.MakeValueInteger(int64(p))
	case uint16:
		return mighost_host_database.MakeValueInteger(int64(p))
	case uint32:
		return mighost_host_database.MakeValueInteger(int64(p))
	case uint:
		return value(uint64(p))
	case uint64:
		if p > math.MaxInt64 {
			return mighost_host_database.MakeValueText(strconv.FormatUint(p, 10))
		}
		return mighost_host_database.MakeValueInteger(int64(p))
	case float32:
		return mighost_host_database.MakeValueReal(float64(p))
	case float64:
		return mighost_host_database.MakeValueReal(p)
	case string:
		return mighost_host_database.MakeValueText(p)
	case []byte:
		return mighost_host_database.MakeValueBytes(p)
	default:
		return mighost_host_database.MakeValueText(fmt.Sprint(p))
	}
}

func native(value mighost_host_database.Value) any {
	switch value.Tag() {
	case mighost_host_database.Value_Boolean:
		return value.Boolean()
	case mighost_host_database.Value_Integer:
		return value.Integer()
	case mighost_host_database.Value_Real:
		return value.Real()
	case mighost_host_database.Value_Text:
		return value.Text()
	case mighost_host_database.Value_Bytes:
		return value.Bytes()
	default:
		return nil
	}
}
