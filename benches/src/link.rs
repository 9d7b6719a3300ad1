//! A proxy on loopback that is as slow as a long link, and counts.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

pub struct Link {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    /// The most round trips that one connection waited for.
    trips: AtomicU64,
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
        self.counts.trips.store(0, Ordering::Relaxed);
    }

    /// Connections, and round trips that one of them waited for, its greeting included.
    pub fn counted(&self) -> (u64, u64) {
        let Counts { connections, trips } = &*self.counts;
        (connections.load(Ordering::Relaxed), trips.load(Ordering::Relaxed))
    }
}

/// Round trips are counted, not timed, so that a busy machine does not add any: what the client says after it has heard the
/// answer to its nth words are its words n + 1.
fn carry_both(client: TcpStream, server: u16, one_way: Duration, counts: &Arc<Counts>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (asked, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let up = {
        let (counts, asked, answered) = (counts.clone(), asked.clone(), answered.clone());
        Way {
            number: Box::new(move |bytes| {
                let number = answered.load(Ordering::Relaxed) + 1;
                if bytes != GOODBYE {
                    counts.trips.fetch_max(number, Ordering::Relaxed);
                }
                number
            }),
            arrived: Box::new(move |number| {
                asked.fetch_max(number, Ordering::Relaxed);
            }),
        }
    };
    let down = Way {
        number: Box::new(move |_| asked.load(Ordering::Relaxed)),
        arrived: Box::new(move |number| {
            answered.fetch_max(number, Ordering::Relaxed);
        }),
    };
    carry(client.try_clone()?, server.try_clone()?, one_way, up);
    carry(server, client, one_way, down);
    Ok(())
}

/// PostgreSQL's message Terminate, which waits for no answer.
const GOODBYE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Numbers bytes that pass.
type Number = Box<dyn Fn(&[u8]) -> u64 + Send>;

/// What is noted of bytes that go one way.
struct Way {
    /// Which words of the client they are, or answer.
    number: Number,
    /// Called just before they come out at the other end.
    arrived: Box<dyn Fn(u64) + Send>,
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration, way: Way) {
    let Way { number, arrived } = way;
    let (send, receive) = mpsc::channel::<(Instant, u64, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..length];
            if send
                .send((Instant::now() + delay, number(bytes), bytes.to_vec()))
                .is_err()
            {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((due, number, bytes)) = receive.recv() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            arrived(number);
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // The other side may have closed it already.
        let _ = to.shutdown(Shutdown::Write);
    });
}
