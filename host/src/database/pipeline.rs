//! Statements that are under way: sent, their answers not read yet.
//!
//! The driver writes a request as soon as its future is polled for the first time, and its connection task keeps the order.
//! So a future that was polled once is a statement on its way, and awaiting it later costs no round trip of its own.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::failure::Failure;
use super::text::TextParam;
use crate::runtime::Value;

/// How many statements may be under way before the oldest answers are waited for.
pub(super) const MAX_STATEMENTS: usize = 128;
/// How many bytes of statements may be under way, for the same.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

type DriverResult<T> = Result<T, tokio_postgres::Error>;

/// A request that was sent; resolves to its answer.
pub(super) struct Sent<T> {
    future: Pin<Box<dyn Future<Output = DriverResult<T>> + Send>>,
    answer: Option<DriverResult<T>>,
}

impl<T> Sent<T> {
    /// Sends: polls `future` once.
    pub fn start(future: impl Future<Output = DriverResult<T>> + Send + 'static) -> Self {
        let mut future: Pin<Box<dyn Future<Output = DriverResult<T>> + Send>> = Box::pin(future);
        let answer = match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        Self { future, answer }
    }

    pub async fn answer(self) -> DriverResult<T> {
        match self.answer {
            Some(answer) => answer,
            None => self.future.await,
        }
    }
}

struct Pending {
    sent: Sent<u64>,
    statement: String,
    operation: Option<String>,
}

/// The queue of one connection.
pub(super) struct Pipeline {
    client: Arc<Client>,
    queue: VecDeque<Pending>,
    bytes: usize,
}

impl Pipeline {
    pub fn new(client: Client) -> Self {
        Self {
            client: Arc::new(client),
            queue: VecDeque::new(),
            bytes: 0,
        }
    }

    pub fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    /// Sends one statement with parameters; resolves to the number of rows it touched. The extended protocol is used
    /// because it takes one statement only: what the scanner might have overlooked can't slip through.
    pub fn send(&self, statement: &str, params: &[Value]) -> Sent<u64> {
        let client = self.client();
        let statement = statement.to_owned();
        let params: Vec<TextParam> = params.iter().map(TextParam::new).collect();
        Sent::start(async move {
            let typed: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> =
                params.iter().map(|param| (param as _, Type::UNKNOWN)).collect();
            client.execute_typed(&statement, &typed).await
        })
    }

    /// Sends statements of the host's own, in one message; resolves to the number of rows that each touched.
    pub fn send_batch(&self, batch: &str) -> Sent<Vec<u64>> {
        let client = self.client();
        let batch = batch.to_owned();
        Sent::start(async move {
            let messages = client.simple_query(&batch).await?;
            Ok(messages
                .iter()
                .filter_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::CommandComplete(count) => Some(*count),
                    _ => None,
                })
                .collect())
        })
    }

    /// Sends a statement and does not wait, unless too many are under way.
    pub async fn push(&mut self, statement: &str, operation: Option<&str>) -> Result<(), Failure> {
        let sent = self.send(statement, &[]);
        self.queue_up(sent, statement, operation);
        while self.queue.len() > MAX_STATEMENTS || self.bytes > MAX_BYTES {
            self.oldest().await?;
        }
        Ok(())
    }

    /// Sends statements of the host's own and does not wait.
    pub fn push_batch(&mut self, batch: &str) {
        let sent = self.send_batch(batch);
        let sent = Sent::start(async move { sent.answer().await.map(|_| 0) });
        self.queue_up(sent, batch, None);
    }

    fn queue_up(&mut self, sent: Sent<u64>, statement: &str, operation: Option<&str>) {
        self.bytes += statement.len();
        self.queue.push_back(Pending {
            sent,
            statement: statement.to_owned(),
            operation: operation.map(str::to_owned),
        });
    }

    async fn oldest(&mut self) -> Result<(), Failure> {
        let Some(Pending {
            sent,
            statement,
            operation,
        }) = self.queue.pop_front()
        else {
            return Ok(());
        };
        self.bytes = self.bytes.saturating_sub(statement.len());
        match sent.answer().await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.clear();
                Err(Failure {
                    error,
                    statement,
                    operation,
                    shift: Some(0),
                })
            }
        }
    }

    /// Waits for all answers. The first failure is the one that counts: those behind it only say that the transaction is
    /// aborted, and are dropped.
    pub async fn drain(&mut self) -> Result<(), Failure> {
        while !self.queue.is_empty() {
            self.oldest().await?;
        }
        Ok(())
    }

    /// Forgets what is under way; the driver reads the answers away.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
    }
}
