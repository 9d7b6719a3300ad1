//! Tests of the PostgreSQL side against real servers, one program for all.

mod catalog;
mod connect;
mod embedded;
mod psql_cuts;
mod sink;
