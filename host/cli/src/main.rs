//! The `mighost` program. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    mighost_cli::main()
}
