//! Arguments of `mighost doctor`.

use clap::Args;

use super::Report;

#[derive(Debug, Args)]
pub struct Doctor {
    /// Install what these languages need now: c, cpp, zig, ..., or all
    #[arg(long, value_name = "LANGUAGE", num_args = 1..)]
    pub install: Vec<String>,
    #[command(flatten)]
    pub report: Report,
}
