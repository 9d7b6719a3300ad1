//! The `mighost` program. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    mighost::cli::main()
}
