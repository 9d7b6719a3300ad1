//! The code of a revision.

use std::fmt::Display;

use crate::objects::Object;

/// The code of a revision: what applies it and what takes it back.
///
/// Statements end the run when they fail, so most migrations return nothing. One that has errors of its own returns a
/// `Result` from both functions and says so in the trait's parameter:
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// struct SplitNames;
///
/// impl Migration<Result<(), String>> for SplitNames {
///     fn upgrade() -> Result<(), String> {
///         let doubtful: i64 = query_value("select count(*) from stations where name = ''", &[]);
///         if doubtful > 0 {
///             return Err(format!("{doubtful} stations have no name"));
///         }
///         execute("alter table stations add check (name <> '')");
///         Ok(())
///     }
///
///     fn downgrade() -> Result<(), String> {
///         execute("alter table stations drop constraint stations_name_check");
///         Ok(())
///     }
/// }
/// ```
pub trait Migration<O: Outcome = ()> {
    /// Applies the revision.
    fn upgrade() -> O;

    /// Takes the revision back: the catalog is then what it was before.
    ///
    /// Left out where `upgrade` consists of operations of [`schema`](crate::schema): their reverses take it back.
    fn downgrade() -> O {
        crate::schema::reverse(Self::upgrade)
    }

    /// The versions of replaceable objects that this revision defines, each with a key that is unique in the revision.
    ///
    /// Later revisions that replace an object find it here, so this must not ask the database.
    fn objects() -> Vec<(&'static str, Object)> {
        Vec::new()
    }
}

/// What `upgrade` and `downgrade` may return: nothing, or a `Result` whose error ends the run and is shown.
pub trait Outcome {
    /// The text of the error, if it is one.
    fn into_result(self) -> Result<(), String>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        // The alternate form shows the causes too, where the error is an `anyhow::Error`.
        self.map_err(|error| format!("{error:#}"))
    }
}
