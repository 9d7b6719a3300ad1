//! `mighost plugin`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{Report, With};

#[derive(Debug, Args)]
pub struct Plugin {
    #[command(subcommand)]
    pub action: PluginAction,
}

#[derive(Debug, Subcommand)]
pub enum PluginAction {
    /// Write the sources of a new plugin
    New(With<NewPlugin>),
}

#[derive(Debug, Args)]
pub struct NewPlugin {
    /// The plugin's name, e.g. stations, or acme:stations with the namespace of its interface
    #[arg(value_name = "NAME")]
    pub plugin: String,
    /// The language: rust, c, cpp, zig, go, javascript, typescript or python
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    pub template: String,
    /// Provide a kind of object instead of an operation
    #[arg(long)]
    pub kind: bool,
    /// The plugins folder to write to [default: the project's first]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,
    #[command(flatten)]
    pub report: Report,
}
