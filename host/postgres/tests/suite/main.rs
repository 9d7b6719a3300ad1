//! Tests of the PostgreSQL side against real servers, one program for all.

mod catalog;
mod connect;
mod embedded;
mod sink;
