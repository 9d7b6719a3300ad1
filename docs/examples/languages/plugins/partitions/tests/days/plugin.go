// Package days is a test that is a component: it makes partitions of many days and looks at what is sent.
package days

import (
	"fmt"
	"strings"

	partitions "mighost/wit/mighost_partitions_partitions"
	testing "mighost/wit/mighost_host_testing"
)

// Cases tells what Run can be asked for.
func Cases() ([]string, error) {
	return []string{"a century of years", "every month of a leap year", "a period that ends before it begins"}, nil
}

// Run runs one case.
func Run(name string) error {
	switch name {
	case "a century of years":
		partitions.Create("t", partitions.Period_Year, "1950-07-01", "2049-01-01")
		return expect(100, "t_y1950", "t_y2049")
	case "every month of a leap year":
		partitions.Create("t", partitions.Period_Month, "2024-01-31", "2024-12-01")
		return expect(12, "('2024-02-01') TO ('2024-03-01')", "t_y2024m12")
	default:
		called := testing.Call("plugin partitions", `create("t", year, "2026-01-01", "2025-01-01")`)
		if !called.IsErr() {
			return fmt.Errorf("it was taken")
		}
		if text := called.Err().Text; !strings.Contains(text, "is before the first") {
			return fmt.Errorf("another error: %s", text)
		}
		return nil
	}
}

// expect looks at how many statements were sent, and at parts of them.
func expect(count int, parts ...string) error {
	sent := testing.Statements()
	if len(sent) != count {
		return fmt.Errorf("%d statements were sent, not %d", len(sent), count)
	}
	all := strings.Join(sent, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			return fmt.Errorf("%s is not in\n%s", part, all)
		}
	}
	return nil
}
