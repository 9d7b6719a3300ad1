//! The project's standard: `inspector: SELECT; viewer: SELECT; steward: ALL`.

use crate::grants::Privilege;

const PRIVILEGES: [(&str, Privilege); 8] = [
    ("ALL", Privilege::All),
    ("SELECT", Privilege::Select),
    ("INSERT", Privilege::Insert),
    ("UPDATE", Privilege::Update),
    ("DELETE", Privilege::Delete),
    ("TRUNCATE", Privilege::Truncate),
    ("REFERENCES", Privilege::References),
    ("TRIGGER", Privilege::Trigger),
];

/// The privilege as written in SQL.
pub(crate) fn name(privilege: Privilege) -> &'static str {
    PRIVILEGES
        .iter()
        .find(|(_, each)| *each == privilege)
        .map_or("ALL", |(name, _)| name)
}

/// Reads roles with their privileges, in order. In privileges, case and surrounding spaces do not matter; names of roles are used
/// unchanged.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Vec<Privilege>)>, String> {
    let mut standard: Vec<(String, Vec<Privilege>)> = Vec::new();
    for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
        let Some((role, privileges)) = entry.split_once(':') else {
            return Err(format!("{entry:?} has no colon; an entry reads like `viewer: SELECT`"));
        };
        let role = role.trim();
        if role.is_empty() {
            return Err(format!("{entry:?} names no role before the colon"));
        }
        if standard.iter().any(|(known, _)| known == role) {
            return Err(format!("the role {role:?} stands there twice"));
        }
        let privileges = privileges
            .split(',')
            .map(|word| privilege(word.trim(), role))
            .collect::<Result<Vec<_>, _>>()?;
        standard.push((role.to_owned(), privileges));
    }
    if standard.is_empty() {
        return Err("it names no role; it reads like `viewer: SELECT; steward: ALL`".to_owned());
    }
    Ok(standard)
}

fn privilege(word: &str, role: &str) -> Result<Privilege, String> {
    match PRIVILEGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        Some((_, privilege)) => Ok(*privilege),
        None if word.is_empty() => Err(format!("a privilege of the role {role:?} is empty")),
        None => {
            let known: Vec<&str> = PRIVILEGES.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "{word:?}, for the role {role:?}, is none of {}",
                known.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_with_their_privileges() {
        let standard = parse(" inspector: SELECT; loader : select , Insert;steward:ALL; ");
        assert_eq!(
            standard,
            Ok(vec![
                ("inspector".to_owned(), vec![Privilege::Select]),
                ("loader".to_owned(), vec![Privilege::Select, Privilege::Insert]),
                ("steward".to_owned(), vec![Privilege::All]),
            ])
        );
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text| parse(text).expect_err("a mistake");
        insta::assert_snapshot!(error("viewer SELECT"), @r#""viewer SELECT" has no colon; an entry reads like `viewer: SELECT`"#);
        insta::assert_snapshot!(error(": SELECT"), @r#"": SELECT" names no role before the colon"#);
        insta::assert_snapshot!(error("a: SELECT; a: ALL"), @r#"the role "a" stands there twice"#);
        insta::assert_snapshot!(error("a: SELECT,"), @r#"a privilege of the role "a" is empty"#);
        insta::assert_snapshot!(error("a: READ"), @r#""READ", for the role "a", is none of ALL, SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"#);
        insta::assert_snapshot!(error(" ; "), @"it names no role; it reads like `viewer: SELECT; steward: ALL`");
    }
}
