// Package migration keeps rainfall by year.
package migration

import (
	"fmt"

	"mighost"
	partitions "mighost/wit/mighost_partitions_partitions"
)

const (
	table    = "rainfall"
	firstDay = "2023-01-01"
	lastDay  = "2026-12-31"
)

// Upgrade creates the table and its partitions, and writes what the oldest station has measured.
func Upgrade() error {
	mighost.Executef(`
		CREATE TABLE %I (
			station_id integer NOT NULL REFERENCES stations,
			day date NOT NULL,
			millimetres real NOT NULL CHECK (millimetres >= 0),
			PRIMARY KEY (station_id, day)
		) PARTITION BY RANGE (day)`, table)
	partitions.Create(table, partitions.Period_Year, firstDay, lastDay)
	if mighost.Offline() {
		return nil
	}
	stations := mighost.QueryColumn[int64]("SELECT min(station_id) FROM stations HAVING count(*) > 0")
	if len(stations) != 1 {
		return fmt.Errorf("there is no station that could have measured anything")
	}
	for day, millimetres := range map[string]float64{"2023-06-01": 12.5, "2024-06-01": 0, "2026-06-01": 3.25} {
		mighost.Run("INSERT INTO rainfall VALUES ($1, $2, $3)", stations[0], day, millimetres)
	}
	return nil
}

// Downgrade takes all of it back.
func Downgrade() error {
	partitions.Remove(table, partitions.Period_Year, firstDay, lastDay)
	mighost.Executef("DROP TABLE %I", table)
	return nil
}
