//! Arguments of `mighost db`.

use clap::{Args, Subcommand};

use super::{Report, With};

#[derive(Debug, Args)]
pub struct Db {
    #[command(subcommand)]
    pub action: DbAction,
}

#[derive(Debug, Subcommand)]
pub enum DbAction {
    /// Start the server; create its data folder if missing
    Start(With<Report>),
    /// Stop the server; keep its data
    Stop(With<Report>),
    /// Show whether the server is running, and where
    Status(With<Report>),
    /// Stop the server and remove its data
    Destroy(With<DbDestroy>),
}

#[derive(Debug, Args)]
pub struct DbDestroy {
    /// Confirm: all data of this label is lost
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub report: Report,
}
