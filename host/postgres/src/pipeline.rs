//! Pipelined statements: sent, but not answered yet.
//!
//! The driver writes a request as soon as its future is polled for the first time, and its connection task keeps the order. So a future
//! that was polled once is a statement in flight, and awaiting it later costs no round trip of its own.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::driver_error::{Failure, SentAs};
use super::value_text::{TextParam, size};
use mighost_core::{Value, without_unicode_escapes};

/// The number of statements in flight above which the oldest answers are waited for.
pub(super) const MAX_STATEMENTS: usize = 128;
/// The number of bytes of statements in flight above which the oldest answers are waited for.
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

    /// A request whose answer has been waited for.
    pub fn answered(answer: T) -> Self
    where
        T: Send + 'static,
    {
        Self {
            future: Box::pin(std::future::pending()),
            answer: Some(Ok(answer)),
        }
    }

    pub async fn answer(mut self) -> DriverResult<T> {
        self.answer_in_place().await
    }

    /// Waits for the answer, which is returned once. A caller that stops waiting may wait again.
    async fn answer_in_place(&mut self) -> DriverResult<T> {
        match self.answer.take() {
            Some(answer) => answer,
            None => self.future.as_mut().await,
        }
    }

    /// The answer, if it has arrived.
    fn poll_now(&mut self) -> Poll<DriverResult<T>> {
        match self.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())),
        }
    }
}

struct Pending {
    sent: Sent<u64>,
    /// The size of the request, including parameters.
    bytes: usize,
    statement: String,
    operation: Option<String>,
    part: Part,
}

/// The role of a statement in its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Sent for the guest, or around the guest's statements.
    Work,
    /// A bookkeeping statement of the host: its failures are recognized by their messages.
    Record,
    /// The last statement of the step: once it is answered, the step is done.
    Last,
}

/// The queue of one connection.
pub(super) struct Pipeline {
    /// Whether the server takes no Unicode escapes.
    unconverted: bool,
    client: Arc<Client>,
    queue: VecDeque<Pending>,
    bytes: usize,
    /// The steps whose last statement was sent and not answered.
    ending: usize,
    /// The steps whose last statement was answered.
    settled: watch::Sender<usize>,
}

impl Pipeline {
    /// `unconverted` is that of [`SessionWatch`](super::connect::SessionWatch::unconverted).
    pub fn new(client: Client, unconverted: bool) -> Self {
        Self {
            unconverted,
            client: Arc::new(client),
            queue: VecDeque::new(),
            bytes: 0,
            ending: 0,
            settled: watch::Sender::new(0),
        }
    }

    /// The number of steps that were sent and not answered.
    pub fn ending(&self) -> usize {
        self.ending
    }

    /// The number of steps that were answered since the pipeline was created.
    pub fn settled(&self) -> &watch::Sender<usize> {
        &self.settled
    }

    pub fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    /// Sends one statement with parameters; resolves to the number of affected rows. The extended protocol is used because it accepts
    /// only one statement: anything that the scanner might have overlooked is refused.
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

    /// A text of mighost in a form that the server can read.
    pub fn fitting(&self, text: &str) -> String {
        if self.unconverted {
            without_unicode_escapes(text)
        } else {
            text.to_owned()
        }
    }

    /// Sends statements of the host in one message; resolves to the number of rows that each affected.
    pub fn send_batch(&self, batch: &str) -> Sent<Vec<u64>> {
        let client = self.client();
        let batch = self.fitting(batch);
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

    /// Sends a statement and does not wait, unless too many are in flight.
    pub async fn push(&mut self, statement: &str, params: &[Value], operation: Option<&str>) -> Result<(), Failure> {
        let sent = self.send(statement, params);
        let bytes = statement.len() + params.iter().map(size).sum::<usize>();
        self.queue_up(sent, bytes, statement, operation, Part::Work);
        self.make_room().await
    }

    /// Waits while too many are in flight.
    async fn make_room(&mut self) -> Result<(), Failure> {
        while self.queue.len() > MAX_STATEMENTS || self.bytes > MAX_BYTES {
            self.oldest().await?;
        }
        Ok(())
    }

    /// Sends statements of the host and does not wait.
    pub fn push_batch(&mut self, batch: &str) {
        self.push_part(batch, Part::Work);
    }

    /// The same for a statement with a role in the step.
    pub fn push_part(&mut self, batch: &str, part: Part) {
        let sent = self.send_batch(batch);
        let sent = Sent::start(async move { sent.answer().await.map(|_| 0) });
        self.queue_up(sent, batch.len(), batch, None, part);
    }

    fn queue_up(&mut self, sent: Sent<u64>, bytes: usize, statement: &str, operation: Option<&str>, part: Part) {
        self.bytes += bytes;
        self.ending += usize::from(part == Part::Last);
        self.queue.push_back(Pending {
            sent,
            bytes,
            statement: statement.to_owned(),
            operation: operation.map(str::to_owned),
            part,
        });
    }

    async fn oldest(&mut self) -> Result<(), Failure> {
        let Some(pending) = self.queue.front_mut() else {
            return Ok(());
        };
        let answer = pending.sent.answer_in_place().await;
        self.take_answer(answer)
    }

    /// Processes the answer of the oldest statement.
    fn take_answer(&mut self, answer: DriverResult<u64>) -> Result<(), Failure> {
        let Some(Pending {
            bytes,
            statement,
            operation,
            part,
            ..
        }) = self.queue.pop_front()
        else {
            return Ok(());
        };
        self.bytes = self.bytes.saturating_sub(bytes);
        match answer {
            Ok(_) => {
                if part == Part::Last {
                    self.ending = self.ending.saturating_sub(1);
                    self.settled.send_modify(|settled| *settled += 1);
                }
                Ok(())
            }
            Err(error) => {
                let ending = self.ending;
                self.clear();
                Err(Failure {
                    error,
                    statement,
                    operation,
                    shift: Some(0),
                    sent: Some(SentAs { part, ending }),
                })
            }
        }
    }

    /// Processes the answers that have arrived, and waits for others only if too many are in flight.
    pub async fn advance(&mut self) -> Result<(), Failure> {
        self.make_room().await?;
        while let Some(pending) = self.queue.front_mut() {
            match pending.sent.poll_now() {
                Poll::Ready(answer) => self.take_answer(answer)?,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    /// Waits for all answers. The first failure is the one that counts: later ones only report the aborted transaction, and are
    /// discarded.
    pub async fn drain(&mut self) -> Result<(), Failure> {
        while !self.queue.is_empty() {
            self.oldest().await?;
        }
        Ok(())
    }

    /// Discards what is in flight; the driver reads the answers.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
        self.ending = 0;
    }
}
