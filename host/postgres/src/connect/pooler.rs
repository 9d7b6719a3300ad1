//! Detection of a connection pooler between mighost and the server.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Whether there is a pooler such as PgBouncer: the process id in the connection's greeting differs from that of the process that runs
/// its queries. Costs one query.
///
/// A pooler invents that id in every mode, so one in session mode, which is harmless, is detected as well.
///
/// # Errors
///
/// Those of the query.
pub async fn behind_pooler(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let row = client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?;
    let backend: i32 = row.try_get(0)?;
    Ok(backend_key_pid(client).await.is_some_and(|greeted| greeted != backend))
}

/// The process id in the connection's BackendKeyData, without a query, for callers that include `pg_backend_pid()` in a query of their
/// own. `None` if the driver's cancel request does not have the expected form.
///
/// tokio-postgres does not expose the id but writes it into cancel requests, so one is written to a pipe in memory. It never leaves the
/// process.
pub async fn backend_key_pid(client: &Client) -> Option<i32> {
    let (ours, mut theirs) = tokio::io::duplex(256);
    // The server's consent to a TLS request. If there is no such request, it is not read.
    theirs.write_all(b"S").await.ok()?;
    client.cancel_token().cancel_query_raw(ours, PassThrough).await.ok()?;
    let mut written = Vec::new();
    theirs.read_to_end(&mut written).await.ok()?;
    // CancelRequest: length 16, code 80877102, process id, secret key, each in four bytes. A TLS request of eight bytes may precede it.
    let request = written.get(written.len().checked_sub(16)?..)?;
    let (head, rest) = request.split_at_checked(8)?;
    if head != [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e] {
        return None;
    }
    Some(i32::from_be_bytes(rest.get(..4)?.try_into().ok()?))
}

/// TLS that does nothing, for the pipe above.
struct PassThrough;

impl TlsConnect<DuplexStream> for PassThrough {
    type Stream = PlainStream;
    type Error = io::Error;
    type Future = Ready<io::Result<PlainStream>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(PlainStream(stream)))
    }
}

struct PlainStream(DuplexStream);

impl AsyncRead for PlainStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for PlainStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl TlsStream for PlainStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
