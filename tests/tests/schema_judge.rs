//! Alembic as the judge of the plugin `schema`: for each case the catalog after Alembic's operation and that after mighost's are the same,
//! and mighost's way back leads to what was there before.
//!
//! The cases are in `tests/schema-judge/src/cases/`. Each is compiled into a migration, and read here for what Alembic does.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use mighost_tests::alembic;
use mighost_tests::project::{Project, Server};

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
    include!("../schema-judge/src/cases/tables.rs");
}
mod columns {
    include!("../schema-judge/src/cases/columns.rs");
}
mod constraints {
    include!("../schema-judge/src/cases/constraints.rs");
}
mod indexes {
    include!("../schema-judge/src/cases/indexes.rs");
}
mod objects {
    include!("../schema-judge/src/cases/objects.rs");
}
mod rows {
    include!("../schema-judge/src/cases/rows.rs");
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
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

/// The schemas of a case: mighost's begin with `m`, Alembic's with `a`.
fn schema(whose: char, number: usize) -> String {
    format!("{whose}{number:03}")
}

impl Judge {
    fn new() -> Self {
        // A tablespace without a folder of its own is for tests like this one.
        let server = Arc::new(Server::with_settings(&["allow_in_place_tablespaces=on"]));
        let sources = root().join("tests/schema-judge");
        let project = Project::on(
            &server,
            "migrations = ['migrations']\nplugins = ['plugins']\ntransaction = 'per-migration'\n",
        );
        for folder in ["migrations", "plugins", ".mighost/build"] {
            fs::create_dir_all(project.path().join(folder)).unwrap();
        }
        symlink(&sources, project.path().join("migrations/judge")).unwrap();
        symlink(root().join("plugins/schema"), project.path().join("plugins/schema")).unwrap();
        // What guests have in common is compiled once for all.
        fs::create_dir_all(root().join(".mighost/build/cargo")).unwrap();
        symlink(
            root().join(".mighost/build/cargo"),
            project.path().join(".mighost/build/cargo"),
        )
        .unwrap();
        project.run(&["build"]).ok();
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
            for whose in ['m', 'a'] {
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
    fn catalogs(&self, whose: char) -> Vec<String> {
        let mut text = self
            .server
            .sql(self.project.database(), include_str!("../src/fingerprint.sql"));
        text += &self.server.sql(self.project.database(), "select judge_rows()");
        let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for line in text.lines() {
            for (at, _) in line.match_indices(whose) {
                let Some(number) = line.get(at + 1..at + 4).and_then(|digits| digits.parse().ok()) else {
                    continue;
                };
                let line = line.replace(&schema(whose, number), "SCHEMA");
                lines.entry(number).or_default().push(line);
                break;
            }
        }
        (0..self.cases.len())
            .map(|number| {
                let mut lines = lines.remove(&number).unwrap_or_default();
                lines.sort();
                lines.join("\n")
            })
            .collect()
    }

    /// Alembic's side, all cases in one process. The answers are its errors.
    fn run_alembic(&self, python: &Path) -> Vec<Option<String>> {
        let sources = root().join("tests/schema-judge");
        let socket = self.server.sockets().join(format!(".s.PGSQL.{}", self.server.port()));
        let url = format!("postgresql+pg8000://postgres@/{}", self.project.database());
        let mut child = Command::new(python)
            .arg(sources.join("judge.py"))
            .arg(url)
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = String::new();
        for (number, case) in self.cases.iter().enumerate() {
            let schema = schema('a', number);
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
                        command.env("MIGHOST_SCHEMA_NAME", schema('m', number));
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
        where schemaname ~ '^[am][0-9]' and tablename !~ '^mighost_version' order by 1
    loop
        return query execute format('select %L || regexp_replace(t::text, ''\\s'', ''_'', ''g'') from %s t', 'row of ' || name || ': ', name);
    end loop;
end $$;
";

/// Fails with all that is wrong.
fn report(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{} cases differ:\n\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn operations_do_what_alembic_does_and_are_reversed() {
    let python = alembic::python(&root().join("tests/schema-judge/requirements.txt"));
    let judge = Judge::new();
    judge.set_up();
    let before = judge.catalogs('m');
    let refused = python.as_deref().map(|python| judge.run_alembic(python));
    let done = judge.run_mighost(&["upgrade", "head"]);
    let (above, theirs) = (judge.catalogs('m'), judge.catalogs('a'));
    let undone = judge.run_mighost(&["downgrade", "base"]);
    let after = judge.catalogs('m');
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
                fault(format!("Alembic:\n{}\nmighost:\n{}", theirs[number], above[number]));
            }
            _ => {}
        }
        let (code, stderr) = (undone[number].code, &undone[number].stderr);
        match case.back {
            None if code != Some(0) => fault(format!("the way back: {stderr}")),
            None if after[number] != before[number] => {
                fault(format!(
                    "before:\n{}\nafter the way back:\n{}",
                    before[number], after[number]
                ));
            }
            Some(reason) if code == Some(0) && after[number] == before[number] => {
                fault(format!("it has a way back, though {reason}"))
            }
            Some(reason) if code != Some(0) && !stderr.contains(reason) => fault(format!("not {reason}: {stderr}")),
            _ => {}
        }
    }
    report(&faults);
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
