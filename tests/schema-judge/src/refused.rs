//! What cannot be done, and must be refused with a text that helps: `tests/tests/suite/schema.rs` has the texts.

use mighost_sdk::bindings::schema::mighost::schema as plugin;
use mighost_sdk::prelude::*;
use mighost_sdk::schema::*;

/// Runs the case, if it is one of these.
pub fn run(case: &str) -> bool {
    let t = table("t");
    match case {
        "twice" => t.add_constraint(unique(["a"]).deferrable().deferrable()),
        "misplaced" => t.add_constraint(check("a > 0").on_delete(Action::Cascade)),
        "not_valid_at_once" => table("u")
            .column("a", integer())
            .constraint(check("a > 0").not_valid())
            .create(),
        "two_sources" => t.add_column("b", integer().default("5").identity()),
        "long_name" => t
            .index(["a"])
            .named("an_index_with_a_name_that_is_longer_than_what_postgresql_keeps_of_it")
            .create(),
        "three_parts" => table("a.b.c").drop(),
        "no_columns" => t.add_constraint(unique(Vec::<String>::new())),
        "nothing_to_change" => t.alter_column("a").apply(),
        "unknown_token" => {
            naming_convention(&[("uq", "uq_%(colum_0_name)s")]);
            t.add_constraint(unique(["a"]));
        }
        "short_row" => t.insert(["a", "b"], [vec![RowValue::Integer(1)]]),
        // Refused on the way back only, where `upgrade` is run to be reversed.
        "other_statements" => {
            t.add_column("b", integer());
            execute("comment on table t is 'with b'");
        }
        "questions" => {
            let _: i64 = query_value("select count(*) from t", &[]);
            t.add_column("b", integer());
        }
        "no_was" => t.alter_column("a").data_type("bigint").apply(),
        "no_end" => {
            plugin::reversal::begin();
            t.add_column("b", integer());
        }
        _ => return false,
    }
    true
}
