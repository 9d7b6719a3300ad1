//! The operations `set-role` and `reset-role`; `wit/world.wit` documents them.

use mighost_sdk::prelude::*;

struct Roles;

impl roles::Guest for Roles {
    fn set_role(name: String) {
        assert!(
            !name.is_empty(),
            "set-role needs the name of a role; reset-role goes back to the run's own"
        );
        execute!("set role {}", identifier(&name));
    }

    fn reset_role() {
        execute("reset role");
    }
}

mighost_sdk::export_operations!("wit", Roles, mighost::roles::roles);
