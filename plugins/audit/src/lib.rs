//! A row in a table and a notification for each step of a run.

use mighost_sdk::hooks::{Direction, Step};
use mighost_sdk::prelude::*;

/// The table, unless the argument `audit-table` names another one.
const TABLE: &str = "migration_audit";

struct Audit;

impl VersionHook for Audit {
    fn on_version_apply(step: &Step) {
        let table = context::argument("audit-table").unwrap_or_else(|| TABLE.to_owned());
        let table = qualified(&context::schema(), &table);
        // IF NOT EXISTS would send a notice each time.
        let create = sql!(
            "begin if to_regclass({}) is null then create table {} (
                audit_id bigint generated always as identity primary key,
                at timestamptz not null default now(),
                direction text not null,
                revision text not null,
                message text not null,
                before text[] not null,
                after text[] not null,
                operator text not null,
                role text not null default session_user
            ); end if; end",
            literal(table.as_str()),
            table
        );
        execute!("do {}", literal(create.as_str()));
        let direction = match step.direction {
            Direction::Upgrade => "upgrade",
            Direction::Downgrade => "downgrade",
            Direction::Stamp => "stamp",
        };
        execute!(
            "insert into {} (direction, revision, message, before, after, operator) values ({}, {}, {}, {}, {}, {})",
            table,
            literal(direction),
            literal(&step.revision),
            literal(&step.message),
            literal(&array(&step.heads_before)),
            literal(&array(&step.heads_after)),
            literal(&step.operator)
        );
        if let Some(channel) = context::argument("audit-channel") {
            let payload = format!("{direction} {}", step.revision);
            execute!("select pg_notify({}, {})", literal(&channel), literal(&payload));
        }
    }
}

/// An array in PostgreSQL's text form.
fn array(texts: &[String]) -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let texts: Vec<String> = texts.iter().map(quoted).collect();
    format!("{{{}}}", texts.join(","))
}

mighost_sdk::export_version_hook!(Audit);
