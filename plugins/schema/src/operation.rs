//! The common part of all operations, and the record of operations while a migration is reversed.

use std::cell::RefCell;

use mighost_sdk::database::{StatementGuard, refuse_statements};
use mighost_sdk::prelude::*;

use crate::naming::Conventions;

/// The context of a statement, besides its operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The schema of unqualified names.
    pub schema: String,
    pub conventions: Conventions,
}

/// The operations that undo an operation, in order.
pub(crate) type Reverse = Vec<Box<dyn Operation>>;

/// An operation, as requested by a migration.
pub(crate) trait Operation {
    /// Its name in messages, e.g. `drop-table stations`.
    fn title(&self) -> String;

    /// The statements of the operation.
    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String>;

    /// The operations that undo it; an error says what is missing.
    fn reverse(&self, scope: &Scope) -> Result<Reverse, String>;

    /// Sends the statements.
    fn perform(&self, scope: &Scope) -> Result<(), String> {
        for statement in self.statements(scope)? {
            execute(&statement);
        }
        Ok(())
    }
}

/// A reverse that consists of one operation.
pub(crate) fn undone_by(operation: impl Operation + 'static) -> Result<Reverse, String> {
    Ok(vec![Box::new(operation)])
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

/// The reverses of the operations since `begin`, until which nothing else may be executed.
struct Record {
    reverses: Vec<Reverse>,
    guard: StatementGuard,
}

/// The scope of this step, because an instance does not outlive a step.
fn scope() -> Scope {
    SCOPE.with_borrow_mut(|scope| {
        scope
            .get_or_insert_with(|| Scope {
                schema: context::schema(),
                conventions: Conventions::of_project().unwrap_or_else(|reason| context::fail(&reason)),
            })
            .clone()
    })
}

/// Sets the conventions for the names that follow.
pub(crate) fn use_conventions(conventions: Conventions) {
    let changed = Scope { conventions, ..scope() };
    SCOPE.set(Some(changed));
}

/// Executes an operation, or records its reverse.
pub(crate) fn submit(operation: &dyn Operation) {
    let scope = scope();
    if RECORD.with_borrow(Option::is_none) {
        if let Err(reason) = operation.perform(&scope) {
            context::fail(&format!("{}: {reason}", operation.title()));
        }
        return;
    }
    // An operation that cannot be executed cannot be undone either; the messages are the same.
    let reverse = operation.statements(&scope).and_then(|_| operation.reverse(&scope));
    match reverse {
        Ok(reverse) => RECORD.with_borrow_mut(|record| {
            if let Some(record) = record {
                record.reverses.push(reverse);
            }
        }),
        Err(reason) => context::fail(&format!("{} has no reverse: {reason}", operation.title())),
    }
}

/// Whether operations are recorded instead of being executed.
pub(crate) fn recording() -> bool {
    RECORD.with_borrow(Option::is_some)
}

pub(crate) fn begin() {
    if recording() {
        context::fail("the reversal began already: it is ended by `end`, and a second one cannot be inside it");
    }
    let guard = refuse_statements(
        "the operations of this revision are being reversed, and this one has no known reverse; write its downgrade out",
    );
    RECORD.set(Some(Record {
        reverses: Vec::new(),
        guard,
    }));
}

pub(crate) fn end() {
    let Some(Record { reverses, guard }) = RECORD.take() else {
        context::fail("there is no reversal to end: it is begun by `begin`");
    };
    drop(guard);
    let scope = scope();
    for operation in reverses.iter().rev().flatten() {
        if let Err(reason) = operation.perform(&scope) {
            context::fail(&format!("{}, as a reverse: {reason}", operation.title()));
        }
    }
}
