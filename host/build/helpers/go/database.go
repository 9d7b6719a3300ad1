package mighost

import (
	"fmt"
	"iter"
	"math"
	"strconv"

	"mighost/wit/mighost_host_database"
	"mighost/wit/mighost_host_postgres"
	"mighost/wit/mighost_host_session"

	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Execute sends a statement, or several, as they stand.
func Execute(statement string) { mighost_host_database.Execute(statement, nil) }

// Executef sends a statement that is filled in by [Format].
func Executef(statement string, arguments ...any) { Execute(Format(statement, arguments...)) }

// ExecuteScript sends a script with psql's variables filled in.
func ExecuteScript(script string) { mighost_host_database.ExecuteScript(script) }

// ExecuteAsset sends a script below assets/ with psql's variables filled in.
func ExecuteAsset(name string) { mighost_host_database.ExecuteAsset(name) }

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
		rows.Rows = append(rows.Rows, plain(row))
	}
	return rows
}

// QueryOne returns the only row of a query. Any other number of rows panics.
func QueryOne(statement string, parameters ...any) []any {
	return one(Query(statement, parameters...).Rows, statement)[0]
}

// QueryValue returns the first value of the only row of a query. NULL becomes T's zero.
func QueryValue[T bool | int64 | float64 | string | []byte](statement string, parameters ...any) T {
	return one(QueryColumn[T](statement, parameters...), statement)[0]
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
	// Position is where in the statement, counted in characters from 1; 0 if unknown.
	Position uint32
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
		Position: refused.Position.SomeOr(0),
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

// OutsideTransaction leaves the transaction while f runs, for statements that cannot run inside one. What was done so far is committed. An error
// of f is returned.
func OutsideTransaction(f func() error) error {
	if mighost_host_database.InTransaction() {
		SuspendTransaction()
		defer ResumeTransaction()
	}
	return f()
}

// SuspendTransaction commits what was done; statements from here on commit by themselves.
func SuspendTransaction() { mighost_host_database.SuspendTransaction() }

// ResumeTransaction begins a new transaction.
func ResumeTransaction() { mighost_host_database.ResumeTransaction() }

// Cursor runs a query whose rows are fetched batch rows at a time, for more than fits in memory:
//
//	for row := range mighost.Cursor(1000, "select id from stations where network = $1", 5) {
func Cursor(batch uint32, statement string, parameters ...any) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		cursor := mighost_host_database.CursorOpen(statement, values(parameters), batch)
		defer cursor.Drop()
		for {
			rows := cursor.Next()
			if len(rows) == 0 {
				return
			}
			for _, row := range rows {
				if !yield(plain(row)) {
					return
				}
			}
		}
	}
}

// CopyIn sends rows by COPY, the fastest way to insert many, and returns the number of rows written. The table may be qualified as schema.table.
// rows must not send statements of its own. [slices.Values] makes an iterator of a slice.
func CopyIn(table string, columns []string, rows iter.Seq[[]any]) uint64 {
	const perWrite = 500
	copy := mighost_host_postgres.CopyInOpen(table, columns)
	waiting := make([][]mighost_host_database.Value, 0, perWrite)
	for row := range rows {
		waiting = append(waiting, values(row))
		if len(waiting) == perWrite {
			copy.Write(waiting)
			waiting = waiting[:0]
		}
	}
	if len(waiting) > 0 {
		copy.Write(waiting)
	}
	return mighost_host_postgres.CopyInFinish(copy)
}

// CopyAsset sends a file below assets/ by COPY and returns the number of rows written. Options are COPY's, e.g. {"format", "csv"}.
func CopyAsset(table string, columns []string, asset string, options ...[2]string) uint64 {
	list := make([]wit.Tuple2[string, string], len(options))
	for i, option := range options {
		list[i] = wit.Tuple2[string, string]{F0: option[0], F1: option[1]}
	}
	return mighost_host_postgres.CopyAsset(table, columns, asset, list)
}

// CopyQuery sends the rows of a query by COPY, batch rows at a time, and returns the number of rows written. They do not pass through Go.
func CopyQuery(table string, columns []string, batch uint32, statement string, parameters ...any) uint64 {
	cursor := mighost_host_database.CursorOpen(statement, values(parameters), batch)
	defer cursor.Drop()
	return mighost_host_postgres.CopyCursor(table, columns, cursor)
}

// SuperuserRole is the role for statements that need high privilege, unquoted.
func SuperuserRole() string { return mighost_host_postgres.SuperuserRole() }

// SetRole runs the statements that follow as a role, named unquoted. The next revision starts with the run's own role again.
func SetRole(name string) { mighost_host_postgres.SetRole(name) }

// ResetRole returns to the role that the run connected as.
func ResetRole() { mighost_host_postgres.ResetRole() }

// SetSearchPath sets the schemas that unqualified names are looked up in.
func SetSearchPath(schemas ...string) { mighost_host_session.SetSearchPath(schemas) }

// SetLockTimeout limits how long a statement waits for a lock; 0 removes the limit.
func SetLockTimeout(milliseconds uint32) { mighost_host_session.SetLockTimeout(milliseconds) }

// SetStatementTimeout limits how long a statement runs; 0 removes the limit.
func SetStatementTimeout(milliseconds uint32) { mighost_host_session.SetStatementTimeout(milliseconds) }

// ServerVersion is the server's version, e.g. 150018; offline there is none.
func ServerVersion() (uint32, bool) { return split(mighost_host_postgres.ServerVersion()) }

func one[R any](rows []R, statement string) []R {
	if len(rows) != 1 {
		panic(fmt.Sprintf("one row was expected, %d came: %s", len(rows), statement))
	}
	return rows
}

func plain(row []mighost_host_database.Value) []any {
	plain := make([]any, len(row))
	for number, value := range row {
		plain[number] = native(value)
	}
	return plain
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
