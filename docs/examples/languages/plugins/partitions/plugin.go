// Package partitions makes and retires partitions by time.
package partitions

import (
	"fmt"
	"strings"
	"time"

	"mighost"
	p "mighost/wit/mighost_partitions_partitions"
)

// A span is the time of one partition: from the first day up to, and without, the day behind it.
type span struct {
	name          string
	first, behind time.Time
}

// Create creates the partitions from one day to another.
func Create(table string, period p.Period, first, last string) error {
	spans, err := spans(table, period, first, last)
	if err != nil {
		return err
	}
	for _, span := range spans {
		mighost.Executef("CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)",
			span.name, table, day(span.first), day(span.behind))
	}
	mighost.Debugf("%d partitions of %s", len(spans), table)
	return nil
}

// Remove drops the partitions that Create creates.
func Remove(table string, period p.Period, first, last string) error {
	spans, err := spans(table, period, first, last)
	if err != nil {
		return err
	}
	for _, span := range spans {
		mighost.Executef("DROP TABLE IF EXISTS %I", span.name)
	}
	return nil
}

// Retain retires the partitions that are before a day.
func Retain(table, before string, retirement p.Retirement) ([]string, error) {
	if _, err := parse(before); err != nil {
		return nil, err
	}
	// The upper bound stands in the text of the partition's bound: FOR VALUES FROM ('2025-01-01') TO ('2026-01-01').
	old := mighost.QueryColumn[string](`
		SELECT c.relname::text
		FROM pg_inherits i
		JOIN pg_class c ON c.oid = i.inhrelid
		CROSS JOIN LATERAL substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)') AS bound
		WHERE i.inhparent = $1::text::regclass AND bound IS NOT NULL AND bound::timestamptz <= $2::timestamptz
		ORDER BY bound::timestamptz`, mighost.Identifier(table), before)
	for _, name := range old {
		if retirement == p.Retirement_Drop {
			mighost.Executef("DROP TABLE %I", name)
		} else {
			mighost.Executef("ALTER TABLE %I DETACH PARTITION %I", table, name)
		}
	}
	if len(old) > 0 {
		mighost.Infof("%s: retired %s", table, strings.Join(old, ", "))
	}
	return old, nil
}

func spans(table string, period p.Period, first, last string) ([]span, error) {
	from, err := parse(first)
	if err != nil {
		return nil, err
	}
	to, err := parse(last)
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, fmt.Errorf("the last day, %s, is before the first, %s", last, first)
	}
	from = from.AddDate(0, 0, 1-from.Day())
	if period == p.Period_Year {
		from = from.AddDate(0, 1-int(from.Month()), 0)
	}
	var found []span
	for !from.After(to) {
		next := span{first: from}
		if period == p.Period_Year {
			next.name = fmt.Sprintf("%s_y%04d", table, from.Year())
			next.behind = from.AddDate(1, 0, 0)
		} else {
			next.name = fmt.Sprintf("%s_y%04dm%02d", table, from.Year(), from.Month())
			next.behind = from.AddDate(0, 1, 0)
		}
		found = append(found, next)
		from = next.behind
	}
	return found, nil
}

func parse(text string) (time.Time, error) {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return date, fmt.Errorf("%q is not a day such as 2026-03-31", text)
	}
	return date, nil
}

func day(date time.Time) string { return date.Format(time.DateOnly) }
