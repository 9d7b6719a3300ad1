//! Tests of the library against real servers and against Alembic's answers, one program for all.

mod api;
mod catalog;
mod connect;
mod embedded;
mod revision_oracle;
mod sink;
