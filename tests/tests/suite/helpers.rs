//! The helpers of all languages offer the same, as `host/build/helpers/SPEC.md` lists it: each of these migrations does the same with its own
//! language's functions, and writes what it found into the table `seen`, in which the languages must not differ.

use std::fs;
use std::path::Path;

use mighost_tests::project::{Project, repository};
use regex::Regex;

/// The files that the drivers find, one for each language.
const MIGRATIONS: [(&str, &str); 7] = [
    ("migration.c", include_str!("helpers/migration.c")),
    ("migration.cpp", include_str!("helpers/migration.cpp")),
    ("migration.zig", include_str!("helpers/migration.zig")),
    ("migration.go", include_str!("helpers/migration.go")),
    ("migration.js", include_str!("helpers/migration.js")),
    ("migration.ts", include_str!("helpers/migration.ts")),
    ("migration.py", include_str!("helpers/migration.py")),
];

const ASSETS: [(&str, &str); 2] = [
    ("rows.csv", include_str!("helpers/assets/rows.csv")),
    ("more.sql", include_str!("helpers/assets/more.sql")),
];

const SEEN: &str = r#"argument|red
assets|more.sql rows.csv a,b
changed|1
context|upgrade postgresql a1 public online red
copies|600 2 10
cursor|25 325
error|23514 positive
one|1 it's \ "x"
path|{pg_catalog}
qualified|1
role|pg_monitor true
script|a1
semicolons; in scripts|:'revision'
server|true
timeouts|1234ms 1min
tried|1 a 2"#;

#[test]
fn every_language_has_the_same_functions() {
    for (file, code) in MIGRATIONS {
        let project = Project::on_server();
        project.sql(
            "create table t (a int constraint positive check (a > 0), b text);
             create table seen (what text primary key, value text);
             create table copied (a int, b text);
             create table from_csv (a int, b text);
             create table queried (a int)",
        );
        project.write("migrations/a1/migration.toml", "revision = \"a1\"\n");
        project.write(&format!("migrations/a1/{file}"), code);
        for (name, content) in ASSETS {
            project.write(&format!("migrations/a1/assets/{name}"), content);
        }
        let outcome = project.run(&["upgrade", "head", "-x", "colour=red", "--verbose"]);
        assert_eq!(outcome.code, 0, "{file}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("nearly done"), "{file}: {}", outcome.stderr);
        let holds = |what: &str, query: &str, expected: &str| {
            assert_eq!(project.sql(query), expected, "{file}: {what}");
        };
        holds("seen", "select what, value from seen order by what collate \"C\"", SEEN);
        holds(
            "savepoints",
            "select string_agg(concat(a, b), ' ' order by a) from t",
            r"1it's\ 2 4 5",
        );
        holds("quoting", r#"select * from "it's \ ""x""""#, r#"it's \ "x"|3|\x0078"#);
        holds(
            "copied rows",
            "select b, count(*), min(a), max(a) from copied group by b",
            r#"it's \ "x"|600|1|600"#,
        );
        holds(
            "a copied asset",
            "select string_agg(concat(a, b), ', ' order by a) from from_csv",
            r#"1one, 2it's \ "x""#,
        );
        holds("a copied query", "select count(*), min(a) from queried", "10|591");
    }
}

/// A text in a statement says how it is quoted, or is quoted as a literal; nothing else passes.
#[test]
fn texts_are_not_put_into_statements_unquoted() {
    let refused = [
        (
            "migration.c",
            "#include \"mighost.h\"\nvoid upgrade(void) { mighost_execute(\"drop table %s\", \"t\"); }\n",
            "a statement has no conversion %s: %L quotes a text",
        ),
        (
            "migration.go",
            "package migration\n\nimport \"mighost\"\n\nfunc Upgrade() error {\n\tmighost.Executef(\"drop table %s\", \"t\")\n\treturn nil\n}\n\nfunc Downgrade() error { return nil }\n",
            "a statement has no %s: %L quotes a text",
        ),
        (
            "migration.go",
            "package migration\n\nimport \"mighost\"\n\nfunc Upgrade() error {\n\tmighost.Executef(\"drop table %d\", \"t\")\n\treturn nil\n}\n\nfunc Downgrade() error { return nil }\n",
            "%d in a statement was given a string, which is not a number",
        ),
        (
            "migration.zig",
            "const mighost = @import(\"mighost\");\npub fn upgrade() !void {\n    mighost.execute(\"drop table {s}\", .{\"t\"});\n}\n",
            "a statement takes its arguments at pairs of empty braces",
        ),
        (
            "migration.zig",
            "const mighost = @import(\"mighost\");\npub fn upgrade() !void {\n    mighost.execute(\"drop table {}\", .{ \"t\", 1 });\n}\n",
            "the statement has fewer {} than there are arguments",
        ),
        (
            "migration.cpp",
            "#include \"mighost.hpp\"\nvoid upgrade() { mighost::execute(\"drop table {} {}\", \"t\"); }\n",
            "the format has more {} than there are arguments",
        ),
        (
            "migration.py",
            "from mighost import execute\n\n\ndef upgrade():\n    execute(\"drop table {:s}\", \"t\")\n",
            "{:s} is no way to put a value into SQL",
        ),
    ];
    for (file, code, reason) in refused {
        let project = Project::on_server();
        project.write("migrations/a1/migration.toml", "revision = \"a1\"\n");
        project.write(&format!("migrations/a1/{file}"), code);
        let outcome = project.run(&["upgrade", "head"]);
        assert_ne!(outcome.code, 0, "{file}: {code}");
        assert!(outcome.stderr.contains(reason), "{file}: {}", outcome.stderr);
    }
}

/// The sources of each column of the specification's tables.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("Rust", &["plugin-sdk/src"]),
    ("Python", &["host/build/helpers/python", "wit"]),
    ("JavaScript", &["host/build/helpers/javascript"]),
    ("Go", &["host/build/helpers/go"]),
    ("Zig", &["host/build/helpers/zig"]),
    ("C++", &["host/build/helpers/cpp", "host/build/helpers/c"]),
    ("C", &["host/build/helpers/c"]),
];

/// Each name in the specification occurs in the helper of its language, and each row has one for every language.
#[test]
fn the_specification_names_what_the_helpers_have() {
    let root = repository();
    let specification = fs::read_to_string(root.join("host/build/helpers/SPEC.md")).unwrap();
    let sources = COLUMNS.map(|(_, folders)| {
        folders
            .iter()
            .map(|folder| text_below(&root.join(folder)))
            .collect::<String>()
    });
    let mut checked = 0;
    for line in specification
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |"))
    {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 1 + COLUMNS.len(), "{line}");
        for (cell, ((language, _), source)) in cells[1..].iter().zip(COLUMNS.iter().zip(&sources)) {
            for name in cell.split('`').skip(1).step_by(2) {
                let name = name.rsplit('.').next().unwrap().trim_end_matches('!');
                if !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                    continue;
                }
                let name = match *language {
                    // Generated from the WIT.
                    "Python" if !source.contains(&format!("def {name}(")) => name.replace('_', "-"),
                    "C" => format!("mighost_{name}"),
                    _ => name.to_owned(),
                };
                let pattern = Regex::new(&format!(r"\b{name}\b")).unwrap();
                assert!(pattern.is_match(source), "{language} has no {name}: {line}");
                checked += 1;
            }
        }
    }
    assert!(checked > 250, "{checked}");
}

fn text_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        text += &if path.is_dir() {
            text_below(&path)
        } else {
            fs::read_to_string(&path).unwrap()
        };
    }
    text
}
