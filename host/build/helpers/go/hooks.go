package mighost

import (
	"mighost/wit/mighost_host_context"
	"mighost/wit/mighost_host_step_info"
)

// Step is the step that a hook takes part in.
type Step struct {
	// Direction is "upgrade", "downgrade" or, where the version table was set and nothing was run, "stamp".
	Direction string
	// Revision is the one that was run, with its message, which may be empty, and its parents.
	Revision, Message string
	DownRevisions     []string
	// HeadsBefore and HeadsAfter are the rows of the version table, sorted.
	HeadsBefore, HeadsAfter []string
	// Operator is who runs it, as user@machine, or empty.
	Operator string
	// Number is the step's, of Total, counted from 1.
	Number, Total uint32
}

// CurrentStep is for the code that mighost build writes.
func CurrentStep() Step {
	directions := map[mighost_host_context.Direction]string{
		mighost_host_context.Direction_Upgrade:   "upgrade",
		mighost_host_context.Direction_Downgrade: "downgrade",
		mighost_host_context.Direction_Stamp:     "stamp",
	}
	return Step{
		Direction:     directions[mighost_host_context.CurrentDirection()],
		Revision:      mighost_host_context.Revision(),
		Message:       mighost_host_step_info.Message(),
		DownRevisions: mighost_host_step_info.DownRevisions(),
		HeadsBefore:   mighost_host_step_info.HeadsBefore(),
		HeadsAfter:    mighost_host_step_info.HeadsAfter(),
		Operator:      mighost_host_step_info.Operator(),
		Number:        mighost_host_step_info.Number(),
		Total:         mighost_host_step_info.Total(),
	}
}
