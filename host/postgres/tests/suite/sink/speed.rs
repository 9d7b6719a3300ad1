//! Round trips, counted on a slow link.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mighost_core::{RowChange, Silent, Sink, StepSink};
use mighost_postgres::connect::SessionWatch;
use mighost_postgres::{LiveSink, read_state};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_postgres::NoTls;

use super::server::{Database, entry, settings, step};

const ONE_WAY: Duration = Duration::from_millis(25);

/// Which round trip an end of the link has come to: what it sends belongs to the one after the last that has arrived.
#[derive(Default)]
struct Rounds {
    client: AtomicUsize,
    server: AtomicUsize,
}

/// Carries bytes one way, each chunk after the delay of the link. `leaves` gives the round trip that a chunk belongs to, `arrives` takes it
/// at the other end.
fn carry(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    leaves: impl Fn() -> usize + Send + 'static,
    arrives: impl Fn(usize) + Send + 'static,
) {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<(Instant, usize, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 65536];
        while let Ok(count) = from.read(&mut buffer).await {
            if count == 0 || send.send((Instant::now(), leaves(), buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((sent, round, bytes)) = receive.recv().await {
            tokio::time::sleep_until((sent + ONE_WAY).into()).await;
            arrives(round);
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
}

#[tokio::test]
async fn a_hundred_statements_take_ten_round_trips_at_most() {
    let database = Database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let server = database.server.folder().join(".s.PGSQL.5432");
    let rounds = Arc::new(Rounds::default());
    let link = Arc::clone(&rounds);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&server).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (a, b, c, d) = (link.clone(), link.clone(), link.clone(), link.clone());
            let raise = |counter: &AtomicUsize, round: usize| {
                counter.fetch_max(round, Ordering::Relaxed);
            };
            carry(
                from_client,
                to_server,
                move || a.client.load(Ordering::Relaxed) + 1,
                move |round| raise(&b.server, round),
            );
            carry(
                from_server,
                to_client,
                move || c.server.load(Ordering::Relaxed),
                move |round| raise(&d.client, round),
            );
        }
    });
    let config = format!(
        "host={} user=postgres dbname={}",
        folder.path().display(),
        database.name
    );
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    tokio::spawn(connection);
    let connected = rounds.client.load(Ordering::Relaxed);
    let state = read_state(&client, "crmp", "mighost_version").await.unwrap();
    let read = rounds.client.load(Ordering::Relaxed) - connected;
    let mut sink = LiveSink::new(client, SessionWatch::default(), settings(), state, Arc::new(Silent));
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    for number in 0..100 {
        sink.execute(&format!("create table t{number} (a int)"), &[])
            .await
            .unwrap();
    }
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(read, 1, "reading the state");
    let whole = rounds.client.load(Ordering::Relaxed) - connected;
    assert!(whole <= 10, "the run took {whole} round trips");
}

/// Many small steps, compared with psql running the same statements, one transaction each. Run it by hand:
/// `cargo test --release -p mighost-postgres --test suite -- --ignored --nocapture steps_against_psql`.
#[tokio::test]
#[ignore = "a measurement"]
async fn steps_against_psql() {
    use std::io::Write;
    const STEPS: usize = 1000;
    let mut ours = Vec::new();
    let mut psqls = Vec::new();
    for _ in 0..7 {
        let database = Database::create().await;
        let begun = Instant::now();
        let mut sink = database.sink(settings()).await;
        sink.begin_run().await.unwrap();
        let mut before: Option<String> = None;
        for number in 0..STEPS {
            let revision = format!("r{number}");
            sink.begin_step(&step(&revision)).await.unwrap();
            sink.execute(&format!("create table t{number} (a int, b text)"), &[])
                .await
                .unwrap();
            sink.execute(&format!("create index i{number} on t{number} (a)"), &[])
                .await
                .unwrap();
            let change = match before {
                None => RowChange::Insert(revision.clone()),
                Some(from) => RowChange::Update {
                    from,
                    to: revision.clone(),
                },
            };
            sink.end_step(&[change], &entry(&revision)).await.unwrap();
            before = Some(revision);
        }
        sink.end_run().await.unwrap();
        ours.push(begun.elapsed());

        let database = Database::create().await;
        let script = database.server.folder().join("steps.sql");
        let text: String = (0..STEPS)
            .map(|number| {
                format!("begin;\ncreate table t{number} (a int, b text);\ncreate index i{number} on t{number} (a);\ncommit;\n")
            })
            .collect();
        std::fs::write(&script, text).unwrap();
        let begun = Instant::now();
        let ended = std::process::Command::new(database.server.bin.join("psql"))
            .args([
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                &database.name,
                "-h",
            ])
            .arg(database.server.folder())
            .arg("-f")
            .arg(&script)
            .status()
            .unwrap();
        assert!(ended.success());
        psqls.push(begun.elapsed());
    }
    ours.sort();
    psqls.sort();
    let (ours, psql) = (ours[3], psqls[3]);
    let ratio = ours.as_secs_f64() / psql.as_secs_f64();
    writeln!(std::io::stderr(), "mighost {ours:?}, psql {psql:?}, ratio {ratio:.2}").unwrap();
}
