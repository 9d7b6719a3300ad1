//! A proxy on loopback that is as slow as a long link, and counts.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

pub struct Link {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    /// How often a client spoke after it had been spoken to, its first words included.
    turns: AtomicU64,
}

impl Link {
    /// Carries what comes in to the server's port and back, each way in `one_way`. Its threads end with the process.
    pub fn start(server: u16, one_way: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let link = Self {
            port: listener.local_addr()?.port(),
            counts: Arc::default(),
        };
        let counts = link.counts.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                counts.connections.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = carry_both(client, server, one_way, &counts) {
                    eprintln!("the link cannot reach the server: {error}");
                }
            }
        });
        Ok(link)
    }

    pub fn reset(&self) {
        self.counts.connections.store(0, Ordering::Relaxed);
        self.counts.turns.store(0, Ordering::Relaxed);
    }

    /// Connections, and turns: a turn that waits for the one before is a round trip.
    pub fn counted(&self) -> (u64, u64) {
        let Counts { connections, turns } = &*self.counts;
        (connections.load(Ordering::Relaxed), turns.load(Ordering::Relaxed))
    }
}

fn carry_both(client: TcpStream, server: u16, one_way: Duration, counts: &Arc<Counts>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let answered = Arc::new(AtomicBool::new(true));
    let (counts, seen) = (counts.clone(), answered.clone());
    let spoken = move || {
        if seen.swap(false, Ordering::Relaxed) {
            counts.turns.fetch_add(1, Ordering::Relaxed);
        }
    };
    carry(client.try_clone()?, server.try_clone()?, one_way, spoken, || {});
    carry(
        server,
        client,
        one_way,
        || {},
        move || answered.store(true, Ordering::Relaxed),
    );
    Ok(())
}

/// PostgreSQL's message Terminate, which waits for no answer and so is no turn.
const GOODBYE: [u8; 5] = [b'X', 0, 0, 0, 4];

fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    came: impl Fn() + Send + 'static,
    gone: impl Fn() + Send + 'static,
) {
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..length];
            if bytes != GOODBYE {
                came();
            }
            if send.send((Instant::now() + delay, bytes.to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((due, bytes)) = receive.recv() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // Before the write: the other side may answer at once.
            gone();
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
