//! What Rust guests are compiled with: std for `wasm32-unknown-unknown`.

use crate::tools::run;

/// By rustup or, where `MIGHOST_WASM_STD=debian`, beside Debian's rustc.
pub fn install() -> anyhow::Result<()> {
    if std::env::var_os("MIGHOST_WASM_STD").is_some_and(|value| value == "debian") {
        run("bash", &["xtask/install-wasm-std.sh", "wasm32-unknown-unknown"], &[])
    } else {
        run("rustup", &["target", "add", "wasm32-unknown-unknown"], &[])
    }
}
