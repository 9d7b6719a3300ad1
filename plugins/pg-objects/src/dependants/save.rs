//! Reads everything that is needed to restore an object's dependants.

use std::collections::BTreeMap;

use super::graph::{self, Node};
use super::{Attribute, Dependant, Saved, Statement, Target, privileges, setting, without_search_path};
use crate::session::{Row, Session, column};

/// The statements of one node, by its catalog and oid.
type Texts = BTreeMap<(String, String), Vec<String>>;

/// Reads the dependants and the properties of an object. Fails with a list of all dependants that cannot be restored.
pub fn save(session: &dyn Session, target: &Target) -> Result<Saved, String> {
    let (saved, nodes) = without_search_path(session, || read(session, target))?;
    let mut saved = saved;
    saved.computations = computations(session, &nodes, saved.computations);
    Ok(saved)
}

/// All statements except the computations, which are represented by the comments and settings of their indexes and constraints.
fn read(session: &dyn Session, target: &Target) -> Result<(Saved, Vec<Node>), String> {
    let (own, nodes) = graph::dependants(session, target)?;
    let own = Node {
        word: target.word.to_owned(),
        identity: target.identity.clone(),
        ..own
    };
    let mut refusals: Vec<String> = std::iter::once(&own)
        .chain(&nodes)
        .filter_map(|node| node.refusal.as_ref().map(|why| format!("{}: {why}", node.description)))
        .collect();
    if refusals.is_empty() {
        refusals.extend(unpopulated(session, &nodes));
    }
    let all: Vec<&Node> = std::iter::once(&own).chain(&nodes).collect();
    let [classes, oids, words, identities] = arrays(&all);

    let mut attributes: Vec<(String, String, Attribute)> = Vec::new();
    for row in session.query(
        include_str!("attributes.sql"),
        &[&classes, &oids, &words, &identities, &target.oid],
    ) {
        let attribute = Attribute {
            what: column(&row, 2).to_owned(),
            column: row.get(3).cloned().flatten(),
            statements: vec![column(&row, 4).to_owned()],
        };
        attributes.push((column(&row, 0).to_owned(), column(&row, 1).to_owned(), attribute));
    }
    let rows = session.query(include_str!("privileges.sql"), &[&classes, &oids, &words, &identities]);
    let (privileges, ungrantable) = privileges::statements(&rows, &setting(session, "role"));
    attributes.extend(privileges);
    refusals.extend(ungrantable);
    if !refusals.is_empty() {
        return Err(format!(
            "it must be dropped and created again, but what depends on it cannot all be put back as it is, so nothing was \
             changed:\n- {}",
            refusals.join("\n- ")
        ));
    }

    let mut saved = Saved {
        owner: owner(session, target),
        ..Saved::default()
    };
    let mut of_node: BTreeMap<(String, String), Vec<Attribute>> = BTreeMap::new();
    for (class, oid, attribute) in attributes {
        if (class.as_str(), &oid) == (target.class, &target.oid) {
            saved.attributes.push(attribute);
        } else {
            of_node.entry((class, oid)).or_default().push(attribute);
        }
    }
    let dependants: Vec<&Node> = nodes.iter().collect();
    let [classes, oids, ..] = arrays(&dependants);
    let definitions = by_node(session.query(include_str!("definitions.sql"), &[&classes, &oids]));
    for node in &nodes {
        let key = (node.class.clone(), node.oid.clone());
        let statement = |text: &String| Statement {
            dependant: node.description.clone(),
            text: text.clone(),
        };
        let extras = of_node
            .get(&key)
            .into_iter()
            .flatten()
            .flat_map(|attribute| &attribute.statements);
        if node.index || node.class == "pg_constraint" {
            saved.computations.extend(extras.map(statement));
        } else {
            saved
                .definitions
                .extend(definitions.get(&key).into_iter().flatten().chain(extras).map(statement));
        }
        saved.dependants.push(Dependant {
            description: node.description.clone(),
            drop: drop_statement(session, node),
            own_index: (node.index && node.host == target.oid).then(|| last_name(&node.identity)),
        });
    }
    Ok((saved, nodes))
}

/// Indexes, contents and constraints, in this order, each followed by its `extras`.
fn computations(session: &dyn Session, nodes: &[Node], extras: Vec<Statement>) -> Vec<Statement> {
    if nodes.is_empty() {
        return extras;
    }
    let all: Vec<&Node> = nodes.iter().collect();
    let [classes, oids, ..] = arrays(&all);
    let rows = session.query(include_str!("computations.sql"), &[&classes, &oids]);
    let mut found: Vec<(String, usize, Statement)> = Vec::new();
    for row in &rows {
        if let Some(place) = nodes
            .iter()
            .position(|node| node.class == column(row, 0) && node.oid == column(row, 1))
        {
            let dependant = nodes[place].description.clone();
            found.push((
                column(row, 3).to_owned(),
                place,
                Statement {
                    dependant,
                    text: column(row, 2).to_owned(),
                },
            ));
        }
    }
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    found
        .into_iter()
        .map(|(_, _, statement)| statement)
        .chain(extras)
        .collect()
}

fn unpopulated(session: &dyn Session, nodes: &[Node]) -> Vec<String> {
    let views: Vec<&Node> = nodes.iter().filter(|node| node.word == "MATERIALIZED VIEW").collect();
    if views.is_empty() {
        return Vec::new();
    }
    let [_, oids, ..] = arrays(&views);
    let rows = session.query(include_str!("unpopulated.sql"), &[&oids]);
    let why = |row: &Row| {
        let view = views.iter().find(|node| node.oid == column(row, 0))?;
        Some(format!(
            "{}: it holds rows, but it reads {}, which is not populated",
            view.description,
            column(row, 1)
        ))
    };
    rows.iter().filter_map(why).collect()
}

fn owner(session: &dyn Session, target: &Target) -> String {
    let statement = match target.class {
        "pg_proc" => "SELECT pg_get_userbyid(proowner)::text FROM pg_proc WHERE oid = $1::oid",
        _ => "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = $1::oid",
    };
    session
        .query(statement, &[&target.oid])
        .first()
        .map(|row| column(row, 0).to_owned())
        .unwrap_or_default()
}

fn drop_statement(session: &dyn Session, node: &Node) -> String {
    // A constraint or a default is dropped from its table. Their identities do not give the table in the form that ALTER needs.
    let statement = match node.class.as_str() {
        "pg_constraint" => {
            "SELECT format('ALTER %s %I.%I DROP CONSTRAINT %I', CASE WHEN c.oid IS NULL THEN 'DOMAIN' ELSE 'TABLE' END, \
             s.nspname, COALESCE(c.relname, d.typname), k.conname) \
             FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid AND k.conrelid <> 0 \
             LEFT JOIN pg_type d ON d.oid = k.contypid AND k.contypid <> 0 \
             JOIN pg_namespace s ON s.oid = COALESCE(c.relnamespace, d.typnamespace) WHERE k.oid = $1::oid"
        }
        "pg_attrdef" => {
            "SELECT format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I DROP DEFAULT', s.nspname, c.relname, a.attname) \
             FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace s ON s.oid = c.relnamespace \
             JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = $1::oid"
        }
        _ => return format!("DROP {} {}", node.word, node.identity),
    };
    session
        .query(statement, &[&node.oid])
        .first()
        .map(|row| column(row, 0).to_owned())
        .unwrap_or_default()
}

fn by_node(rows: Vec<Row>) -> Texts {
    let mut texts = Texts::new();
    for row in rows {
        let key = (column(&row, 0).to_owned(), column(&row, 1).to_owned());
        texts.entry(key).or_default().push(column(&row, 2).to_owned());
    }
    texts
}

/// Catalogs, OIDs, words and identities as PostgreSQL array literals.
fn arrays(nodes: &[&Node]) -> [String; 4] {
    let array = |of: fn(&Node) -> &String| {
        let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        format!(
            "{{{}}}",
            nodes.iter().map(|node| quoted(of(node))).collect::<Vec<_>>().join(",")
        )
    };
    [
        array(|n| &n.class),
        array(|n| &n.oid),
        array(|n| &n.word),
        array(|n| &n.identity),
    ]
}

/// The name in `schema.name`, unquoted.
fn last_name(identity: &str) -> String {
    let tokens = crate::tokens::tokens(identity).unwrap_or_default();
    let name = tokens.last().map_or(identity, |token| token.text);
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
