//! Privileges, as statements that grant them again.

use super::Attribute;
use crate::session::{Row, column, flag};
use crate::sql::identifier;

/// The key of an object, and the statements about its privileges.
pub type Privileges = (String, String, Attribute);

struct Grant<'a> {
    grantor: &'a str,
    grantee: &'a str,
    privilege: String,
    grantable: bool,
}

/// Turns the rows of `privileges.sql` into statements. `role` is the value of the setting `role`. The errors describe privileges that
/// cannot be granted again.
pub fn statements(rows: &[Row], role: &str) -> (Vec<Privileges>, Vec<String>) {
    let mut found = Vec::new();
    let mut refusals = Vec::new();
    for item in rows.chunk_by(|a, b| (0..3).all(|index| a.get(index) == b.get(index))) {
        let Some(first) = item.first() else { continue };
        let of_column = first.get(2).cloned().flatten();
        let object = column(first, 3);
        let owner = column(first, 4);
        let mut statements = Vec::new();
        if of_column.is_none() {
            let mut holders = vec!["PUBLIC", owner];
            holders.extend(column(first, 5).split(", ").filter(|role| !role.is_empty()));
            holders.dedup();
            statements.push(format!("REVOKE ALL ON {object} FROM {}", holders.join(", ")));
        }
        let mut left: Vec<Grant<'_>> = Vec::new();
        for row in item.iter().filter(|row| !column(row, 8).is_empty()) {
            let privilege = match &of_column {
                Some(name) => format!("{} ({})", column(row, 8), identifier(name)),
                None => column(row, 8).to_owned(),
            };
            let grant = Grant {
                grantor: column(row, 6),
                grantee: column(row, 7),
                privilege,
                grantable: flag(row, 9),
            };
            if grant.grantor != owner && !flag(row, 10) {
                refusals.push(format!(
                    "{} on {object} was granted to {} by role {}, which the current role cannot become",
                    grant.privilege, grant.grantee, grant.grantor
                ));
            }
            left.push(grant);
        }
        // The grantor must hold the privilege first.
        let mut given: Vec<Grant<'_>> = Vec::new();
        while !left.is_empty() {
            let may = |grant: &Grant<'_>| {
                grant.grantor == owner
                    || given
                        .iter()
                        .any(|g| g.grantee == grant.grantor && g.privilege == grant.privilege && g.grantable)
            };
            let (ready, later): (Vec<_>, Vec<_>) = left.into_iter().partition(|grant| may(grant));
            left = later;
            if ready.is_empty() {
                refusals.extend(left.drain(..).map(|grant| {
                    format!(
                        "{} on {object} was granted to {} by role {}, which has it through another role only",
                        grant.privilege, grant.grantee, grant.grantor
                    )
                }));
            }
            statements.extend(
                ready
                    .chunk_by(alike)
                    .flat_map(|grants| grant(object, owner, role, grants)),
            );
            given.extend(ready);
        }
        found.push((
            column(first, 0).to_owned(),
            column(first, 1).to_owned(),
            Attribute {
                what: "privilege".to_owned(),
                column: of_column,
                statements,
            },
        ));
    }
    (found, refusals)
}

fn alike(a: &Grant<'_>, b: &Grant<'_>) -> bool {
    (a.grantor, a.grantee, a.grantable) == (b.grantor, b.grantee, b.grantable)
}

fn grant(object: &str, owner: &str, role: &str, grants: &[Grant<'_>]) -> Vec<String> {
    let Some(first) = grants.first() else { return Vec::new() };
    let privileges: Vec<&str> = grants.iter().map(|grant| &*grant.privilege).collect();
    let option = if first.grantable { " WITH GRANT OPTION" } else { "" };
    let grant = format!(
        "GRANT {} ON {object} TO {}{option}",
        privileges.join(", "),
        first.grantee
    );
    if first.grantor == owner {
        return vec![grant];
    }
    let back = if role == "none" {
        "SET ROLE NONE".to_owned()
    } else {
        format!("SET ROLE {}", identifier(role))
    };
    vec![format!("SET ROLE {}", first.grantor), grant, back]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(grantor: &str, grantee: &str, privilege: &str, grantable: &str, may: &str) -> Row {
        [
            "pg_class",
            "7",
            "",
            "TABLE s.v",
            "o",
            "",
            grantor,
            grantee,
            privilege,
            grantable,
            may,
        ]
        .iter()
        .map(|text| Some((*text).to_owned()).filter(|text| !text.is_empty()))
        .collect()
    }

    #[test]
    fn grants_of_others_follow_the_grant_option() {
        let rows = [
            row("b", "c", "SELECT", "false", "true"),
            row("o", "b", "SELECT", "true", "true"),
            row("o", "b", "UPDATE", "true", "true"),
        ];
        let (found, refusals) = statements(&rows, "none");
        assert!(refusals.is_empty());
        assert_eq!(
            found[0].2.statements,
            [
                "REVOKE ALL ON TABLE s.v FROM PUBLIC, o",
                "GRANT SELECT, UPDATE ON TABLE s.v TO b WITH GRANT OPTION",
                "SET ROLE b",
                "GRANT SELECT ON TABLE s.v TO c",
                "SET ROLE NONE",
            ]
        );
    }

    #[test]
    fn a_grantor_out_of_reach_is_a_refusal() {
        let rows = [
            row("o", "b", "SELECT", "true", "true"),
            row("b", "c", "SELECT", "false", "false"),
        ];
        assert!(statements(&rows, "none").1[0].contains("by role b, which the current role cannot become"));
        assert!(statements(&rows[1..], "none").1.len() == 2);
    }

    #[test]
    fn no_privileges_at_all() {
        let (found, _) = statements(&[row("", "", "", "", "")], "none");
        assert_eq!(found[0].2.statements, ["REVOKE ALL ON TABLE s.v FROM PUBLIC, o"]);
    }
}
