package migration

import (
	"errors"
	"fmt"
	"mighost"
	"strings"
)

const hostile = `it's \ "x"`

// What was found, under a name.
func see(what string, value any) {
	mighost.Run("insert into seen values ($1, $2)", what, fmt.Sprint(value))
}

func statements() {
	mighost.Run("insert into t values ($1, $2)", 1, "it's")
	see("changed", mighost.RunCounted("update t set b = b || $1 where a = $2", `\`, 1))
	mighost.Executef("create table %I (a text default %L, b int default 2 -%d, c bytea)", hostile, hostile, -1)
	mighost.Run(mighost.Format("insert into %R (c) values ($1)", mighost.Identifier(hostile)), []byte{0, 'x'})
	one := mighost.QueryOne("select 1, " + mighost.Literal(hostile))
	see("one", fmt.Sprint(one[0], " ", one[1]))
	see("qualified", mighost.QueryValue[int64]("select count(*) from "+mighost.Qualified(mighost.Schema(), hostile)))
	mighost.ExecuteScript("insert into seen values ('argument', :'colour')")
	mighost.ExecuteAsset("more.sql")
}

func failures() error {
	undone := mighost.Savepoint(func() error {
		mighost.Run("insert into t values ($1)", 3)
		return errors.New("undo it")
	})
	kept := mighost.Savepoint(func() error {
		mighost.Run("insert into t values ($1)", 4)
		return nil
	})
	if undone == nil || undone.Error() != "undo it" || kept != nil {
		return errors.New("the errors are wrong")
	}
	_, err := mighost.TryExecute("insert into t values ($1)", -1)
	var refused *mighost.DatabaseError
	if !errors.As(err, &refused) {
		return errors.New("it should have failed")
	}
	see("error", refused.SQLState+" "+refused.Fields["constraint"])
	affected, err := mighost.TryExecute("insert into t values ($1)", 5)
	if err != nil {
		return err
	}
	rows, err := mighost.TryQuery("insert into t values ($1, $2) returning a", 2, nil)
	if err != nil {
		return err
	}
	see("tried", fmt.Sprint(affected, " ", rows.Columns[0].Name, " ", rows.Rows[0][0]))
	return nil
}

func manyRows() {
	count, sum := 0, int64(0)
	for row := range mighost.Cursor(10, "select n from generate_series(1, $1) n", 25) {
		count++
		sum += row[0].(int64)
		mighost.Progress(uint64(count), 25)
	}
	see("cursor", fmt.Sprint(count, sum))
	copied := mighost.CopyIn("copied", []string{"a", "b"}, func(yield func([]any) bool) {
		for number := range 600 {
			if !yield([]any{number + 1, hostile}) {
				return
			}
		}
	})
	csv := mighost.CopyAsset("from_csv", []string{"a", "b"}, "rows.csv", [2]string{"format", "csv"}, [2]string{"header", "true"})
	queried := mighost.CopyQuery("queried", []string{"a"}, 3, "select a from copied where a > $1", 590)
	see("copies", fmt.Sprint(copied, csv, queried))
}

func session() {
	mighost.SetLockTimeout(1234)
	mighost.SetStatementTimeout(60000)
	see("timeouts", mighost.QueryValue[string]("select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"))
	mighost.SetSearchPath("pg_catalog")
	path := mighost.QueryValue[string]("select current_schemas(false)::text")
	mighost.SetSearchPath(mighost.Schema(), "pg_catalog")
	see("path", path)
	mighost.SetRole("pg_monitor")
	role := mighost.QueryValue[string]("select current_user")
	mighost.ResetRole()
	see("role", role+" "+mighost.QueryValue[string]("select (current_user = session_user)::text"))
	version, _ := mighost.ServerVersion()
	see("server", mighost.QueryValue[string]("select (current_setting('server_version_num')::int = $1 and session_user = $2)::text", version,
		mighost.SuperuserRole()))
}

func run() {
	direction := map[mighost.Direction]string{mighost.Upgrade: "upgrade"}[mighost.CurrentDirection()]
	online := map[bool]string{true: "offline", false: "online"}[mighost.Offline()]
	colour, _ := mighost.Argument("colour")
	see("context", strings.Join([]string{direction, mighost.Dialect(), mighost.Revision(), mighost.Schema(), online, colour}, " "))
	csv, _ := mighost.Asset("rows.csv")
	see("assets", strings.Join(mighost.AssetNames(), " ")+" "+string(csv[:3]))
}

func Upgrade() error {
	statements()
	if err := failures(); err != nil {
		return err
	}
	manyRows()
	session()
	run()
	mighost.Debugf("nearly %s", "done")
	return mighost.OutsideTransaction(func() error {
		mighost.Execute("vacuum t")
		return nil
	})
}

func Downgrade() error { return nil }
