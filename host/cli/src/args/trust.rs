//! Arguments of `mighost sign`, `verify` and `trust`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueHint};

use super::{Report, With};
use mighost_trust::time::{self, UnixTime};

/// The option of commands that ask the policy.
#[derive(Debug, Args)]
pub struct TrustOption {
    /// The policy [default: /etc/mighost/trust.toml] [env: MIGHOST_TRUST]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trust: Option<PathBuf>,
}

/// Options of the commands that run migrations.
#[derive(Debug, Args)]
pub struct RunTrust {
    /// Run the artifacts of this release instead of the project's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["sql", "no_build"])]
    pub release: Option<PathBuf>,
    /// Run the release without verifying its signatures
    #[arg(long, requires = "release")]
    pub unverified: bool,
    /// Run a release that is older than one that the database has seen
    #[arg(long, requires = "release")]
    pub allow_rollback: bool,
    /// Run even if the policy, or that of an earlier run, asks for a signed release
    #[arg(long)]
    pub allow_untrusted: bool,
    #[command(flatten)]
    pub trust: TrustOption,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("number").required(true).args(["serial", "previous"]))]
pub struct Release {
    /// The file to write
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// The version, for people
    #[arg(long = "version", value_name = "VERSION")]
    pub release_version: String,
    /// The number of the release; it rises with each
    #[arg(long, value_name = "N")]
    pub serial: Option<u64>,
    /// The previous release file: the serial is one more than its
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub previous: Option<PathBuf>,
    /// A private key, or the public key or certificate of one that an agent or a token holds
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// The name of the project [default: that of its folder]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Sign {
    /// The artifact or release
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// A private key, or the public key or certificate of one that an agent or a token holds
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
    /// Put the signature into the artifact instead of FILE.sig; releases always have theirs inside
    #[arg(long)]
    pub embed: bool,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The artifact or release
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The project that an artifact belongs to, for rules that name one
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Judge as at this time, e.g. 20260601Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub at: Option<UnixTime>,
    #[command(flatten)]
    pub trust: TrustOption,
    #[command(flatten)]
    pub report: Report,
}

fn parse_time(text: &str) -> Result<UnixTime, String> {
    time::parse_local(text)
        .ok_or_else(|| "write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z at the end for UTC".into())
}

#[derive(Debug, Args)]
pub struct Trust {
    #[command(subcommand)]
    pub action: TrustAction,
}

#[derive(Debug, Subcommand)]
pub enum TrustAction {
    /// Write a policy with explanations
    Init(With<TrustInit>),
    /// Show what the policy allows, and whose keys count
    Show(With<TrustShow>),
    /// Show what the policy says about a file, for each database
    Check(With<Verify>),
}

#[derive(Debug, Args)]
pub struct TrustInit {
    /// The folder to write trust.toml and allowed_signers to, created if missing
    #[arg(value_name = "DIR", default_value = "/etc/mighost", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    #[command(flatten)]
    pub report: Report,
}

#[derive(Debug, Args)]
pub struct TrustShow {
    #[command(flatten)]
    pub trust: TrustOption,
    #[command(flatten)]
    pub report: Report,
}
