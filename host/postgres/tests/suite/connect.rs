//! Connections to a real server: one throw-away server with TLS and passwords, shared by the tests that run at a time.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use mighost_core::{EmbeddedSettings, Event, Reporter, Silent};
use mighost_postgres::connect::{
    ConnectError, ConnectTarget, Connection, Environment, backend_key_pid, behind_pooler, connect,
};
use mighost_postgres::embedded::{TemporaryServer, TemporaryServerOptions};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Server {
    _server: TemporaryServer,
    target: ConnectTarget,
    /// Where `ca.pem`, `other.pem` are.
    folder: tempfile::TempDir,
    /// A loopback address of its own, so that the usual port is free there.
    address: String,
}

/// The server; it ends with the last test that holds it.
fn server() -> Arc<Server> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    // A thread without a runtime, for the tests have one already.
    let server = Arc::new(std::thread::spawn(start).join().unwrap());
    *shared = Arc::downgrade(&server);
    server
}

fn start() -> Server {
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id();
    let third = STARTS.fetch_add(1, Ordering::Relaxed) % 200 + 1;
    let address = format!("127.{}.{}.{third}", 64 + (number >> 8) % 64, number % 256);
    let settings = EmbeddedSettings {
        bin_dir: None,
        version: None,
        fetch: false,
        data_dir: std::env::temp_dir().join("none"),
    };
    let options = TemporaryServerOptions {
        major: None,
        server_settings: vec![format!("listen_addresses={address}")],
    };
    let server = TemporaryServer::start(&settings, &options, &Environment::of_process(), &Silent).unwrap();
    let target = server.target().clone();
    let server = Server {
        _server: server,
        target,
        folder: tempfile::tempdir().unwrap(),
        address,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(prepare(&server));
    server
}

async fn prepare(server: &Server) {
    let connection = connect(&server.target, Arc::new(Silent)).await.unwrap();
    let data = PathBuf::from(value(&connection, "SELECT current_setting('data_directory')").await);
    certificates(server.folder.path(), &data);
    let rules = "local all all trust\n\
                 hostssl all tlsonly all scram-sha-256\n\
                 hostssl all certified all cert\n\
                 hostnossl all plain all trust\n\
                 host all nobody_here all reject\n\
                 host all app all scram-sha-256\n\
                 host all reader all trust\n";
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    let roles = "SET password_encryption = 'scram-sha-256';
        CREATE ROLE app LOGIN PASSWORD 'right one';
        CREATE ROLE tlsonly LOGIN PASSWORD 'right one';
        CREATE ROLE certified LOGIN;
        CREATE ROLE plain LOGIN;
        CREATE ROLE reader LOGIN;
        CREATE ROLE single LOGIN CONNECTION LIMIT 0;
        ALTER ROLE reader SET default_transaction_read_only = on";
    for sql in [
        roles,
        "ALTER SYSTEM SET ssl = on",
        "ALTER SYSTEM SET ssl_ca_file = 'ca.pem'",
        "SELECT pg_reload_conf()",
    ] {
        connection.client.batch_execute(sql).await.unwrap();
    }
    connection.close().await;
    let end = Instant::now() + Duration::from_secs(10);
    while let Err(error) = server.attempt("user=app password='right one' sslmode=require").await {
        assert!(Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An authority, a certificate by it for `localhost`, and another authority.
fn certificates(folder: &Path, data: &Path) {
    let openssl = |arguments: &str| openssl(folder, arguments);
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} -keyout \
             {name}.key -out {name}.pem"
        ));
    }
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=certified -keyout client.key -out client.csr");
    openssl("x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out client.crt");
    for name in ["server.key", "server.crt", "ca.pem"] {
        install(&folder.join(name), &data.join(name));
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Copies a file for the server to read, and nobody else.
fn install(from: &Path, to: &Path) {
    let owner = std::fs::metadata(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(to, Some(owner.uid()), Some(owner.gid())).unwrap();
}

impl Server {
    /// Changes a setting and waits until new connections have it.
    async fn set(&self, name: &str, value: &str) {
        let connection = connect(&self.target, Arc::new(Silent)).await.unwrap();
        let sql = format!("ALTER SYSTEM SET {name} = '{value}'");
        connection.client.batch_execute(&sql).await.unwrap();
        self.reload().await;
    }

    async fn reload(&self) {
        let loaded = "SELECT pg_conf_load_time()::text";
        let connection = connect(&self.target, Arc::new(Silent)).await.unwrap();
        let before = value(&connection, loaded).await;
        connection
            .client
            .batch_execute("SELECT pg_reload_conf()")
            .await
            .unwrap();
        loop {
            let connection = connect(&self.target, Arc::new(Silent)).await.unwrap();
            if value(&connection, loaded).await != before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Has the server use what these commands of openssl's make of `new.key` and `new.crt`, one a line.
    async fn use_certificate(&self, commands: &str) {
        let connection = connect(&self.target, Arc::new(Silent)).await.unwrap();
        let data = PathBuf::from(value(&connection, "SELECT current_setting('data_directory')").await);
        for command in commands.lines() {
            openssl(self.folder.path(), command);
        }
        for end in ["key", "crt"] {
            install(
                &self.folder.path().join(format!("new.{end}")),
                &data.join(format!("server.{end}")),
            );
        }
        self.reload().await;
    }

    /// Connects by TCP with these parameters, without this process's environment.
    async fn attempt(&self, parameters: &str) -> Result<Connection, ConnectError> {
        connect(&self.parsed(parameters)?, Arc::new(Silent)).await
    }

    fn parsed(&self, parameters: &str) -> Result<ConnectTarget, ConnectError> {
        let text = format!(
            "hostaddr={} dbname=postgres connect_timeout=10 {parameters}",
            self.address
        )
        .replace("FOLDER", &self.folder.path().display().to_string());
        ConnectTarget::parse(
            &text,
            &Environment {
                user: Some("app".into()),
                ..Environment::default()
            },
        )
    }

    /// Connects to a URL, with the server's address for `LIVE`.
    async fn url(&self, text: &str) -> Result<Connection, ConnectError> {
        let text = text.replace("LIVE", &self.address);
        connect(
            &ConnectTarget::parse(&text, &Environment::default()).unwrap(),
            Arc::new(Silent),
        )
        .await
    }
}

async fn value(connection: &Connection, sql: &str) -> String {
    connection.client.query_one(sql, &[]).await.unwrap().get::<_, String>(0)
}

const TLS: &str = "SELECT CASE WHEN ssl THEN 'tls' ELSE 'plain' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

#[tokio::test]
async fn passwords() {
    let server = server();
    let connection = server.attempt("user=app password='right one'").await.unwrap();
    assert_eq!(
        value(&connection, "SELECT current_setting('application_name')").await,
        "mighost"
    );

    let error = server.attempt("user=app password=wrong").await.unwrap_err();
    assert!(matches!(error, ConnectError::Password { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("refused the password of the user `app`"), "{text}");
    assert!(
        text.contains("the password of the connection string was used"),
        "{text}"
    );
    assert!(!text.contains("wrong"), "{text}");

    let error = server.attempt("user=app").await.unwrap_err();
    assert!(matches!(error, ConnectError::PasswordMissing { .. }), "{error}");
    assert!(error.to_string().contains("PGPASSWORD is not set"), "{error}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let server = server();
    let error = server.attempt("user=nobody_here sslmode=disable").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotAllowed { .. }), "{error}");

    let socket = &server.target;
    let error = connect(&socket.with_database("missing"), Arc::new(Silent))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectError::NoDatabase { database, .. } if database == "missing"),
        "{error}"
    );
    assert!(error.to_string().contains("createdb --host="), "{error}");

    let mut target = socket.clone();
    target.user = "single".into();
    let error = connect(&target, Arc::new(Silent)).await.unwrap_err();
    assert!(matches!(error, ConnectError::TooManyConnections { .. }), "{error}");
}

#[tokio::test]
async fn tls_modes() {
    let server = server();
    let user = "user=app password='right one'";
    for (parameters, expected) in [
        ("sslmode=disable", "plain"),
        ("sslmode=allow", "plain"),
        ("sslmode=prefer", "tls"),
        ("sslmode=require", "tls"),
        ("sslmode=require channel_binding=require", "tls"),
        ("sslmode=verify-ca sslrootcert=FOLDER/ca.pem", "tls"),
        ("sslmode=verify-full sslrootcert=FOLDER/ca.pem host=localhost", "tls"),
        // A self-signed certificate, trusted as it is.
        (
            "sslmode=verify-full sslrootcert=FOLDER/server.crt host=localhost",
            "tls",
        ),
    ] {
        let connection = server
            .attempt(&format!("{user} {parameters}"))
            .await
            .unwrap_or_else(|e| panic!("{parameters}: {e}"));
        assert_eq!(value(&connection, TLS).await, expected, "{parameters}");
        assert!(!behind_pooler(&connection.client).await.unwrap(), "{parameters}");
    }
    for (parameters, expected) in [
        ("sslmode=verify-ca sslrootcert=FOLDER/other.pem", "UnknownIssuer"),
        (
            "sslmode=verify-full sslrootcert=FOLDER/ca.pem host=elsewhere.example",
            "not valid for name",
        ),
        (
            "sslmode=verify-full sslrootcert=FOLDER/server.crt host=elsewhere.example",
            "not valid for name",
        ),
        ("sslmode=require sslrootcert=FOLDER/none.pem", "none.pem cannot be read"),
    ] {
        let error = server.attempt(&format!("{user} {parameters}")).await.unwrap_err();
        assert!(matches!(error, ConnectError::Tls { .. }), "{parameters}: {error}");
        assert!(error.to_string().contains(expected), "{parameters}: {error}");
    }
}

#[tokio::test]
async fn client_certificates() {
    let server = server();
    let identity = "user=certified sslcert=FOLDER/client.crt sslkey=FOLDER/client.key";
    let key = server.folder.path().join("client.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = server
        .attempt(&format!("{identity} sslmode=require"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("is readable by others"), "{error}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let connection = server.attempt(&format!("{identity} sslmode=require")).await.unwrap();
    assert_eq!(value(&connection, TLS).await, "tls");
    let error = server.attempt("user=certified sslmode=require").await.unwrap_err();
    assert!(error.to_string().contains("client certificate"), "{error}");
}

#[tokio::test]
async fn allow_and_prefer_try_the_other_way() {
    let server = server();
    let connection = server
        .attempt("user=tlsonly password='right one' sslmode=allow")
        .await
        .unwrap();
    assert_eq!(value(&connection, TLS).await, "tls");
    let connection = server.attempt("user=plain sslmode=prefer").await.unwrap();
    assert_eq!(value(&connection, TLS).await, "plain");
    let error = server.attempt("user=plain sslmode=require").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotAllowed { .. }), "{error}");
}

#[tokio::test]
async fn several_hosts() {
    let server = server();
    let connection = server
        .url("postgresql://reader@127.0.0.1:1,LIVE:5432/postgres")
        .await
        .unwrap();
    assert!(connection.host.starts_with(&server.address), "{}", connection.host);

    let error = server
        .url("postgresql://reader@127.0.0.1:1,127.0.0.1:2/postgres")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("\n  127.0.0.1:1: Connection refused"), "{error}");
    assert!(error.contains("\n  127.0.0.1:2: Connection refused"), "{error}");

    // A refused user ends the search.
    let error = server
        .url("postgresql://app:wrong@LIVE,127.0.0.1:1/postgres")
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Password { .. }), "{error}");
}

#[tokio::test]
async fn session_attributes() {
    let server = server();
    for attributes in ["any", "read-only", "primary", "prefer-standby"] {
        let text = format!("postgresql://reader@LIVE/postgres?target_session_attrs={attributes}");
        server
            .url(&text)
            .await
            .unwrap_or_else(|error| panic!("{attributes}: {error}"));
    }
    for (attributes, reason) in [
        ("read-write", "its sessions are read-only"),
        ("standby", "it is a primary"),
    ] {
        let text = format!("postgresql://reader@LIVE/postgres?target_session_attrs={attributes}");
        let error = server.url(&text).await.unwrap_err();
        assert!(matches!(error, ConnectError::SessionAttributes { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_silent_host_ends_in_a_timeout() {
    let server = server();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = server
        .url(&format!("postgresql://u@127.0.0.1:{port}/d?connect_timeout=1"))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { .. }), "{error}");
}

/// As in libpq, `prefer` and `require` accept any certificate, and none makes the connection unencrypted.
#[tokio::test]
async fn prefer_and_require_accept_any_certificate() {
    let server = std::thread::spawn(start).join().unwrap();
    for (name, commands, binds) in [
        (
            "version 1",
            "req -newkey rsa:2048 -nodes -subj /CN=a -keyout new.key -out new.csr\n\
             x509 -req -in new.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out new.crt",
            true,
        ),
        (
            "version 1 with an elliptic curve",
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a -keyout new.key -out new.csr\n\
             x509 -req -in new.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out new.crt",
            true,
        ),
        (
            "a curve that rustls does not know",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp521r1 -nodes -subj /CN=a -keyout new.key -out new.crt",
            false,
        ),
        (
            "for other uses",
            "req -x509 -newkey rsa:2048 -nodes -subj /CN=a -addext keyUsage=cRLSign -addext extendedKeyUsage=clientAuth -keyout new.key -out new.crt",
            true,
        ),
        (
            "without a name",
            "req -x509 -newkey rsa:2048 -nodes -subj / -keyout new.key -out new.crt",
            true,
        ),
    ] {
        server.use_certificate(commands).await;
        // The last name is not valid in TLS.
        for parameters in ["", "sslmode=prefer", "sslmode=require", "sslmode=require host='a db'"] {
            let connection = server
                .attempt(&format!("user=app password='right one' {parameters}"))
                .await
                .unwrap_or_else(|error| panic!("{name}, {parameters}: {error}"));
            assert_eq!(value(&connection, TLS).await, "tls", "{name}, {parameters}");
        }
        // A password is bound to a certificate only if the server has shown that it holds the key.
        let bound = server
            .attempt("user=app password='right one' channel_binding=require")
            .await;
        assert_eq!(bound.is_ok(), binds, "{name}: {:?}", bound.err());
    }
}

/// Anyone can send another server's certificate, but not sign with its key. As in OpenSSL, this is checked whatever `sslmode` says.
#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let server = server();
    let certificate = CertificateDer::from_pem_file(server.folder.path().join("server.crt")).unwrap();
    let other = PrivateKeyDer::from_pem_file(server.folder.path().join("client.key")).unwrap();
    let other = rustls::crypto::ring::sign::any_supported_type(&other).unwrap();
    let key = rustls::sign::CertifiedKey::new(vec![certificate], other);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key.clone())));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind((server.address.as_str(), 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let impostor = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(b"S").await.unwrap();
            acceptor.accept(stream).await.is_ok()
        });
        let error = server
            .attempt(&format!("port={port} sslmode=require"))
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
        // In TLS 1.3 the server has nothing to wait for when it has signed.
        let _ = impostor.await.unwrap();
    }
}

#[tokio::test]
async fn a_failed_handshake_does_not_end_in_plain_text() {
    let server = std::thread::spawn(start).join().unwrap();
    server.set("ssl_ciphers", "AES128-SHA").await;
    server.set("ssl_max_protocol_version", "TLSv1.2").await;
    let error = server.attempt("user=reader sslmode=prefer").await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_password_without_tls_is_warned_of() {
    let server = std::thread::spawn(start).join().unwrap();
    server.set("ssl", "off").await;
    for (parameters, warned) in [
        ("user=app password='right one'", true),
        ("user=app password='right one' sslmode=allow", true),
        ("user=app password='right one' sslmode=disable", false),
        ("user=reader", false),
    ] {
        let notes = Arc::new(Notes::default());
        let target = server.parsed(parameters).unwrap();
        connect(&target, notes.clone()).await.unwrap();
        let notes = notes.0.lock().unwrap();
        assert_eq!(!notes.is_empty(), warned, "{parameters}: {notes:?}");
        assert!(notes.iter().all(|note| note.contains("is not encrypted")), "{notes:?}");
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Reporter for Notes {
    fn report(&self, event: Event) {
        if let Event::Note { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

#[derive(Default)]
struct Notices(Mutex<Vec<String>>);

impl Reporter for Notices {
    fn report(&self, event: Event) {
        if let Event::ServerNotice { severity, message } = event {
            self.0.lock().unwrap().push(format!("{severity}: {message}"));
        }
    }
}

#[tokio::test]
async fn notices_and_the_reason_of_a_loss_are_kept() {
    let server = server();
    let notices = Arc::new(Notices::default());
    let connection = connect(&server.target, notices.clone()).await.unwrap();
    connection
        .client
        .batch_execute("DO $$BEGIN RAISE WARNING 'mind the gap'; END$$")
        .await
        .unwrap();
    assert_eq!(*notices.0.lock().unwrap(), ["WARNING: mind the gap"]);
    assert_eq!(connection.lost(), None);

    let other = connect(&server.target, Arc::new(Silent)).await.unwrap();
    let pid = backend_key_pid(&connection.client).await.unwrap();
    other
        .client
        .execute("SELECT pg_terminate_backend($1)", &[&pid])
        .await
        .unwrap();
    for _ in 0..200 {
        if connection.lost().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        connection.lost(),
        Some("terminating connection due to administrator command")
    );
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_pooler_is_noticed() {
    let server = server();
    assert!(
        !behind_pooler(&connect(&server.target, Arc::new(Silent)).await.unwrap().client)
            .await
            .unwrap()
    );

    let program = Path::new("/usr/sbin/pgbouncer");
    if !program.exists() || !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(folder.path().join("users"), "\"reader\" \"\"\n").unwrap();
    let settings = format!(
        "[databases]\npostgres = host={} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n\
         unix_socket_dir = {folder}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\n\
         logfile = {folder}/log\n",
        server.address,
        folder = folder.path().display()
    );
    std::fs::write(folder.path().join("ini"), settings).unwrap();
    let child = Command::new(program)
        .args(["-q", "-u", "postgres"])
        .arg(folder.path().join("ini"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _killed = Killed(child);
    let mut target = server.target.with_database("postgres");
    target.user = "reader".into();
    target.hosts[0].host = mighost_postgres::connect::Host::Socket(folder.path().into());
    target.hosts[0].port = 6432;
    let mut last = None;
    for _ in 0..200 {
        match connect(&target, Arc::new(Silent)).await {
            Ok(connection) => {
                assert!(behind_pooler(&connection.client).await.unwrap());
                return;
            }
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "pgbouncer does not answer: {last:?} {:?}",
        std::fs::read_to_string(folder.path().join("log"))
    );
}
