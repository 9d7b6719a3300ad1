//! A server for all tests of a run: prints the folder of its socket, and ends with its standard input.

use std::io::{Read as _, Write as _};

use mighost_tests::project::Server;

fn main() -> std::io::Result<()> {
    let server = Server::with_settings(&["max_connections=300"]);
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.sockets().display())?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
