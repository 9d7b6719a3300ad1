package mighost

import (
	"mighost/wit/mighost_host_context"
	"mighost/wit/mighost_host_version_hook"
)

// Step is what a hook is told of a step of a run.
type Step struct {
	// Direction is "upgrade", "downgrade" or, where the version table was set and nothing was run, "stamp".
	Direction string
	// Revision is the one that was run, with its message, which may be empty, and its parents.
	Revision, Message string
	DownRevisions     []string
	// Before and After are the rows of the version table, sorted.
	Before, After []string
	// Operator is who runs it, as user@machine, or empty.
	Operator string
	// Number is the step's, of so many, counted from 1.
	Number, Of uint32
}

// StepFromHost is for the code that mighost build writes.
func StepFromHost(step mighost_host_version_hook.Step) Step {
	directions := map[mighost_host_context.Direction]string{
		mighost_host_context.Direction_Upgrade:   "upgrade",
		mighost_host_context.Direction_Downgrade: "downgrade",
		mighost_host_context.Direction_Stamp:     "stamp",
	}
	return Step{
		Direction: directions[step.Direction], Revision: step.Revision, Message: step.Message, DownRevisions: step.DownRevisions,
		Before: step.Before, After: step.After, Operator: step.Operator, Number: step.Number, Of: step.Of,
	}
}
