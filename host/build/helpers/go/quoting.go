package mighost

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

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

// Format puts a statement, or a piece of one, together: %I stands for an argument as a quoted name, %L as a quoted literal (nil as NULL), %d for
// a number, %R for SQL as it is, e.g. what Format returned, and %% for a percent sign. The caller vouches for what %R inserts. %s and %v are
// refused, since they do not say how a text is to be quoted. Too few or too many arguments panic.
func Format(statement string, arguments ...any) string {
	var text strings.Builder
	next := 0
	for rest := statement; ; {
		before, after, found := strings.Cut(rest, "%")
		text.WriteString(before)
		if !found {
			break
		}
		if after == "" {
			panic("a % at the end of a format; %% stands for one")
		}
		verb := after[0]
		rest = after[1:]
		if verb == '%' {
			text.WriteByte('%')
			continue
		}
		if next == len(arguments) {
			panic(fmt.Sprintf("format wants more than the %d arguments that it has: %s", next, statement))
		}
		argument := arguments[next]
		next++
		switch verb {
		case 'I':
			text.WriteString(Identifier(fmt.Sprint(argument)))
		case 'L':
			text.WriteString(literal(argument))
		case 'R':
			text.WriteString(fmt.Sprint(argument))
		case 'd':
			number := number(argument)
			// After a minus sign, that of a negative number would begin a comment.
			if strings.HasPrefix(number, "-") && strings.HasSuffix(before, "-") {
				text.WriteByte(' ')
			}
			text.WriteString(number)
		default:
			panic(fmt.Sprintf("a statement has no %%%c: %%L quotes a text, %%I a name, %%d is a number, and %%R takes SQL as it is", verb))
		}
	}
	if next < len(arguments) {
		panic(fmt.Sprintf("format has %d arguments and wants %d: %s", len(arguments), next, statement))
	}
	return text.String()
}

func literal(value any) string {
	switch value := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		return Literal(`\x` + hex.EncodeToString(value))
	default:
		return Literal(fmt.Sprint(value))
	}
}

func number(value any) string {
	switch value := value.(type) {
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(value)
	case float32:
		return number(float64(value))
	case float64:
		if math.IsInf(value, 0) || math.IsNaN(value) {
			return Literal(fmt.Sprint(value))
		}
		return fmt.Sprint(value)
	default:
		panic(fmt.Sprintf("%%d in a statement was given a %T, which is not a number", value))
	}
}
