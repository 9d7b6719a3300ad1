//! One migration for all cases of the judge: the argument `case` says which operation is asked for. There is no `downgrade`: what takes
//! a case back is the reverse of its operations.

use mighost_sdk::prelude::*;

/// A case: what the database has before, what Alembic does, what mighost does. The test reads the same files for the first two.
macro_rules! cases {
    ($($name:ident { setup: $setup:expr, alembic: $alembic:expr, mighost: $mighost:block $(, back: $back:expr)? $(,)? })*) => {
        #[allow(unused_imports, reason = "not every file needs all")]
        use mighost_sdk::prelude::*;
        #[allow(unused_imports, reason = "not every file needs all")]
        use mighost_sdk::{rows, schema::*};
        #[allow(unused_imports, reason = "not every file needs all")]
        use crate::other_schema;

        /// Runs the case, if it is one of these.
        pub fn run(case: &str) -> bool {
            match case {
                $(stringify!($name) => $mighost)*
                _ => return false,
            }
            true
        }
    };
}

/// The second schema of a case, beside the one that the run targets.
fn other_schema() -> String {
    format!("{}_other", context::schema())
}

mod cases {
    pub mod columns;
    pub mod constraints;
    pub mod indexes;
    pub mod objects;
    pub mod rows;
    pub mod tables;
}

mod refused;

struct Judge;

impl Migration<Result<(), String>> for Judge {
    fn upgrade() -> Result<(), String> {
        let case = context::required_argument("case");
        let known = cases::tables::run(&case)
            || cases::columns::run(&case)
            || cases::constraints::run(&case)
            || cases::indexes::run(&case)
            || cases::objects::run(&case)
            || cases::rows::run(&case)
            || refused::run(&case);
        if known {
            Ok(())
        } else {
            Err(format!("there is no case {case}"))
        }
    }
}

mighost_sdk::export_migration!(Judge);
