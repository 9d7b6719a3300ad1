//! Alembic as the judge of the plugin `schema`: for each case the catalog after Alembic's operation and that after mighost's are the same,
//! and mighost's way back leads to what was there before.
//!
//! The cases are in `tests/schema-judge/src/cases/`. Each is compiled into a migration, and read here for what Alembic does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use mighost_tests::alembic::Alembic;
use mighost_tests::project::{Project, Server};
use mighost_tests::schema::{judge_project, root};

struct Case {
    name: &'static str,
    /// SQL that both have before; `{schema}` and `{other}` are its schemas, and plain names are in the first.
    setup: &'static str,
    alembic: &'static str,
    /// None where the way back restores all. Else why it does not: mighost's refusal, or the reason of another difference.
    back: Option<&'static str>,
}

/// The part of a case that this test needs.
macro_rules! cases {
    ($($name:ident { setup: $setup:expr, alembic: $alembic:expr, mighost: $mighost:block $(, back: $back:expr)? $(,)? })*) => {
        pub fn cases() -> Vec<super::Case> {
            vec![$(super::Case {
                name: stringify!($name),
                setup: $setup,
                alembic: $alembic,
                back: None$(.or(Some($back)))?,
            }),*]
        }
    };
}

mod tables {
    include!("../../schema-judge/src/cases/tables.rs");
}
mod columns {
    include!("../../schema-judge/src/cases/columns.rs");
}
mod constraints {
    include!("../../schema-judge/src/cases/constraints.rs");
}
mod indexes {
    include!("../../schema-judge/src/cases/indexes.rs");
}
mod objects {
    include!("../../schema-judge/src/cases/objects.rs");
}
mod rows {
    include!("../../schema-judge/src/cases/rows.rs");
}

fn cases() -> Vec<Case> {
    let cases = [
        tables::cases(),
        columns::cases(),
        constraints::cases(),
        indexes::cases(),
        objects::cases(),
        rows::cases(),
    ];
    cases.into_iter().flatten().collect()
}

/// How a run of mighost ended.
struct Ended {
    code: Option<i32>,
    stderr: String,
}

/// A database, and a project of the judge's migration and the plugin `schema`.
struct Judge {
    server: Arc<Server>,
    project: Project,
    cases: Vec<Case>,
}

/// Whose schemas begin how.
const MIGHOST: &str = "judge_mighost_";
const ALEMBIC: &str = "judge_alembic_";

/// The schema of a case.
fn schema(whose: &str, number: usize) -> String {
    format!("{whose}{number:03}")
}

impl Judge {
    fn new() -> Self {
        // A tablespace without a folder of its own is for tests like this one.
        let server = Arc::new(Server::with_settings(&["allow_in_place_tablespaces=on"]));
        let project = judge_project(&server, "");
        Self {
            server,
            project,
            cases: cases(),
        }
    }

    fn set_up(&self) {
        let database = self.project.database();
        self.server.sql(database, "create tablespace judge location ''");
        let mut script = FUNCTION.to_owned();
        for (number, case) in self.cases.iter().enumerate() {
            for whose in [MIGHOST, ALEMBIC] {
                let (schema, other) = (schema(whose, number), format!("{}_other", schema(whose, number)));
                let setup = case.setup.replace("{schema}", &schema).replace("{other}", &other);
                script +=
                    &format!("create schema {schema}; create schema {other}; set search_path = {schema}; {setup};\n");
            }
        }
        self.project.write("setup.sql", &script);
        let path = self.project.path().join("setup.sql");
        self.server.psql(database, &["-f", &path.display().to_string()]);
    }

    /// What the catalog says of each case's schemas on one side, and what their tables hold; the schemas' names replaced.
    fn catalogs(&self, whose: &str) -> Vec<BTreeSet<String>> {
        let mut text = self
            .server
            .sql(self.project.database(), include_str!("../../src/fingerprint.sql"));
        text.push('\n');
        text += &self.server.sql(self.project.database(), "select judge_rows()");
        let mut lines: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for line in text.lines() {
            let number = line.split_once(whose).and_then(|(_, rest)| rest.get(..3)?.parse().ok());
            if let Some(number) = number {
                let line = line.trim_end().replace(&schema(whose, number), "SCHEMA");
                lines.entry(number).or_default().insert(line);
            }
        }
        (0..self.cases.len())
            .map(|number| lines.remove(&number).unwrap_or_default())
            .collect()
    }

    /// Alembic's side, all cases in one process. The answers are its errors.
    fn run_alembic(&self, python: &Path) -> Vec<Option<String>> {
        let sources = root().join("tests/schema-judge");
        let url = self
            .server
            .url(self.project.database())
            .replace("postgresql:", "postgresql+psycopg:");
        let mut child = Command::new(python)
            .arg(sources.join("judge.py"))
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = String::new();
        for (number, case) in self.cases.iter().enumerate() {
            let schema = schema(ALEMBIC, number);
            let line = serde_json::json!({
                "name": case.name, "schema": schema, "other": format!("{schema}_other"), "code": case.alembic,
            });
            input += &format!("{line}\n");
        }
        let mut stdin = child.stdin.take().unwrap();
        let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        let answers = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<serde_json::Value> = answers
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(answers.len(), self.cases.len(), "Alembic's process ended early");
        answers
            .iter()
            .map(|answer| answer["error"].as_str().map(str::to_owned))
            .collect()
    }

    /// mighost's side, some cases at a time.
    fn run_mighost(&self, arguments: &[&str]) -> Vec<Ended> {
        let next = Mutex::new(0..self.cases.len());
        let outcomes = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(2, |n| n.get().min(4)) {
                scope.spawn(|| {
                    loop {
                        let Some(number) = next.lock().unwrap().next() else {
                            return;
                        };
                        let case = format!("case={}", self.cases[number].name);
                        let mut command = self.project.command(&[arguments, &["-x", &case]].concat());
                        command.env("MIGHOST_SCHEMA_NAME", schema(MIGHOST, number));
                        let output = command.output().unwrap();
                        let ended = Ended {
                            code: output.status.code(),
                            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
                        };
                        outcomes.lock().unwrap().insert(number, ended);
                    }
                });
            }
        });
        outcomes.into_inner().unwrap().into_values().collect()
    }
}

/// The rows of all tables of the cases.
const FUNCTION: &str = "create function public.judge_rows() returns setof text language plpgsql as $$
declare name text; begin
    for name in select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname ~ '^judge_' and tablename !~ '^mighost_version' order by 1
    loop
        return query execute format('select %L || regexp_replace(t::text, ''\\s'', ''_'', ''g'') from %s t', 'row of ' || name || ': ', name);
    end loop;
end $$;
";

/// The lines that one has and the other has not.
fn difference(one: &str, lines: &BTreeSet<String>, other: &str, others: &BTreeSet<String>) -> String {
    let only = |name: &str, lines: Vec<&String>| -> String {
        lines.iter().map(|line| format!("\n{name} alone: {line}")).collect()
    };
    only(one, lines.difference(others).collect()) + &only(other, others.difference(lines).collect())
}

#[test]
fn operations_do_what_alembic_does_and_are_reversed() {
    let python = Alembic::installed().map(|alembic| alembic.python());
    let judge = Judge::new();
    judge.set_up();
    let before = judge.catalogs(MIGHOST);
    let refused = python.as_deref().map(|python| judge.run_alembic(python));
    let done = judge.run_mighost(&["upgrade", "head"]);
    let (above, theirs) = (judge.catalogs(MIGHOST), judge.catalogs(ALEMBIC));
    let undone = judge.run_mighost(&["downgrade", "base"]);
    let after = judge.catalogs(MIGHOST);
    let mut faults = Vec::new();
    for (number, case) in judge.cases.iter().enumerate() {
        let mut fault = |text: String| faults.push(format!("{}: {text}", case.name));
        if done[number].code != Some(0) {
            fault(format!("mighost: {}", done[number].stderr));
            continue;
        }
        match refused.as_ref().map(|refused| &refused[number]) {
            Some(Some(error)) => fault(format!("Alembic: {error}")),
            Some(None) if above[number] != theirs[number] => {
                fault(difference("Alembic", &theirs[number], "mighost", &above[number]));
            }
            _ => {}
        }
        let (code, stderr) = (undone[number].code, &undone[number].stderr);
        match case.back {
            None if code != Some(0) => fault(format!("the way back: {stderr}")),
            None if after[number] != before[number] => {
                fault(difference("before", &before[number], "up and down", &after[number]));
            }
            Some(reason) if code == Some(0) && after[number] == before[number] => {
                fault(format!("it has a way back, though {reason}"))
            }
            Some(reason) if code != Some(0) && !stderr.contains(reason) => fault(format!("not {reason}: {stderr}")),
            _ => {}
        }
    }
    let faulty = faults.len();
    assert!(faults.is_empty(), "{faulty} cases differ:\n\n{}", faults.join("\n\n"));
}

#[test]
fn each_case_has_a_name_of_its_own() {
    let mut names: Vec<&str> = cases().iter().map(|case| case.name).collect();
    let count = names.len();
    assert!(count > 100);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
