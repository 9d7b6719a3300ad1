//! What the end-to-end tests share. The tests themselves are in `tests/tests/`, a file for each subject.

pub mod alembic;
pub mod guests;
pub mod project;
pub mod robust;
pub mod schema;
pub mod tutorial;
