//! Signatures by `ssh-keygen -Y sign`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::SignError;

/// Signs with a key that ssh-keygen has access to. It asks for passphrases and touches by itself, so its messages are not captured.
pub(super) fn sign(key: &Path, namespace: &str, message: &[u8]) -> Result<String, SignError> {
    let failed = || SignError::Program { path: key.to_owned() };
    let not_run = |source| SignError::NoProgram {
        path: key.to_owned(),
        source,
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(not_run)?;
    // It reads everything before it writes. If it ends early, its exit code says so.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(message);
    }
    let output = child.wait_with_output().map_err(not_run)?;
    match (output.status.success(), String::from_utf8(output.stdout)) {
        (true, Ok(armor)) => Ok(armor),
        _ => Err(failed()),
    }
}
