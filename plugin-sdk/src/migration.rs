//! The code of a revision.

use std::fmt::Display;

use crate::objects::Object;

/// The code of a revision, which applies and reverts it.
///
/// Statements end the run when they fail, so most migrations return nothing. A migration with errors of its own returns a `Result` from
/// both functions and declares it in the trait's parameter:
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

    /// Reverts the revision: the catalog is then as it was before.
    ///
    /// Can be omitted if `upgrade` consists of operations of [`schema`](crate::schema): it is then derived from their reverses.
    fn downgrade() -> O {
        crate::schema::reverse(Self::upgrade)
    }

    /// The versions of replaceable objects that this revision defines, each with a key that is unique in the revision.
    ///
    /// Used by later revisions that replace an object, so it must not query the database.
    fn objects() -> Vec<(&'static str, Object)> {
        Vec::new()
    }
}

/// The result of `upgrade` and `downgrade`: nothing, or a `Result` whose error ends the run and is shown.
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
