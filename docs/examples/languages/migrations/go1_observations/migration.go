// Package migration keeps observations by year.
package migration

import (
	"mighost"
	partitions "mighost/wit/mighost_partitions_partitions"
)

const firstDay, lastDay = "2023-01-01", "2026-12-31"

// Upgrade creates the table and its partitions, and fills it.
func Upgrade() error {
	mighost.Execute(`
		CREATE TABLE observation (
			observation_id bigint GENERATED ALWAYS AS IDENTITY,
			station_id integer NOT NULL,
			taken timestamptz NOT NULL,
			millimetres double precision NOT NULL CHECK (millimetres >= 0),
			PRIMARY KEY (observation_id, taken)
		) PARTITION BY RANGE (taken)`)
	partitions.Create("observation", partitions.Period_Year, firstDay, lastDay)
	rain := []float64{12.5, 0, 3.25}
	for number, amount := range rain {
		mighost.Run("INSERT INTO observation (station_id, taken, millimetres) VALUES (1, $1::timestamptz, $2)",
			[]string{"2023-06-01T00:00Z", "2024-06-01T00:00Z", "2026-06-01T00:00Z"}[number], amount)
	}
	mighost.Create(yearlyRain())
	return nil
}

// Downgrade takes all of it back.
func Downgrade() error {
	mighost.Drop(yearlyRain())
	partitions.Remove("observation", partitions.Period_Year, firstDay, lastDay)
	mighost.Execute("DROP TABLE observation")
	return nil
}

// Objects are this revision's versions of what is replaced as a whole.
func Objects() map[string]mighost.Object {
	return map[string]mighost.Object{"yearly_rain": yearlyRain()}
}

func yearlyRain() mighost.Object {
	return mighost.View("yearly_rain",
		"SELECT station_id, date_part('year', taken) AS year, sum(millimetres) AS millimetres FROM observation GROUP BY 1, 2")
}
