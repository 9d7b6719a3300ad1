//! A take-over from Alembic is never wrong in silence: what is not certain is refused with the reason, and fails when it is run.

use std::fs;

use mighost_tests::alembic::Alembic;
use mighost_tests::project::Project;
use serde_json::Value;

use crate::alembic_takeover::{alembic_project, revision, rows};

/// The imports of the revisions here.
const IMPORTS: &str = "import datetime, decimal, logging, os, random, secrets, socket, subprocess, sys, time, uuid\n\
    from alembic import context\nfrom sqlalchemy.dialects import postgresql\n\
    from sqlalchemy.dialects.postgresql import ENUM\nfrom sqlalchemy.orm import Session\n";

/// Revisions `c0`, `c1`, ... in a line, with these upgrades and downgrades.
fn line(project: &Project, cases: &[(&str, &str)]) {
    for (number, (upgrade, downgrade)) in cases.iter().enumerate() {
        let down = match number.checked_sub(1) {
            Some(before) => format!("'c{before}'"),
            None => "None".to_owned(),
        };
        revision(project, &format!("c{number}"), &down, IMPORTS, upgrade, downgrade);
    }
}

/// Takes the project over and gives the report.
fn take_over(project: &Project, alembic: &Alembic) -> Value {
    let python = alembic.python().display().to_string();
    let arguments = ["init", "--from", "alembic.ini", "--python", &python, "--json"];
    serde_json::from_str(&project.run(&arguments).ok().stdout).unwrap()
}

/// What the report says of the revision with this number.
fn found(report: &Value, number: usize) -> &Value {
    let id = format!("c{number}");
    let mut revisions = report["revisions"].as_array().unwrap().iter();
    revisions.find(|revision| revision["revision"] == id.as_str()).unwrap()
}

fn script(project: &Project, number: usize, name: &str) -> String {
    let path = format!("migrations/c{number}_about_c{number}/{name}");
    fs::read_to_string(project.path().join(path)).unwrap()
}

/// Each upgrade is refused with its reason and has a script that fails; each empty downgrade is taken over.
fn refused(cases: &[(&str, &str)]) {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let upgrades: Vec<(&str, &str)> = cases.iter().map(|(upgrade, _)| (*upgrade, "pass")).collect();
    line(&project, &upgrades);
    let report = take_over(&project, &alembic);
    for (number, (upgrade, reason)) in cases.iter().enumerate() {
        let found = found(&report, number);
        let why = found["upgrade"]["not_taken_over"].as_str().unwrap_or("taken over");
        assert!(why.contains(reason), "{upgrade}\n{reason}\n{why}");
        assert!(found["downgrade"]["not_taken_over"].is_null(), "{found}");
        let script = script(&project, number, "upgrade.sql");
        assert!(
            script.contains("RAISE EXCEPTION") && script.contains(reason),
            "{script}"
        );
    }
    assert_eq!(report["not_taken_over"], cases.len());
}

/// Each upgrade is taken over with exactly these statements.
fn taken(cases: &[(&str, &str)]) {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    project.write("alembic/versions/data.sql", "select 'from a file';\n");
    let upgrades: Vec<(&str, &str)> = cases.iter().map(|(upgrade, _)| (*upgrade, "pass")).collect();
    line(&project, &upgrades);
    let report = take_over(&project, &alembic);
    for (number, (upgrade, expected)) in cases.iter().enumerate() {
        let why = &found(&report, number)["upgrade"]["not_taken_over"];
        assert!(why.is_null(), "{upgrade}\n{why}");
        let script = script(&project, number, "upgrade.sql");
        let statements = script
            .split_once("\n\n")
            .map_or("", |(_, statements)| statements.trim());
        assert_eq!(statements, *expected, "{upgrade}");
    }
}

/// The rows and the catalog after a run of Alembic and after a run of mighost are the same.
fn same_as_alembic(cases: &[(&str, &str)], query: &str) {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    line(&project, cases);
    let last = format!("c{}", cases.len() - 1);
    alembic.run(project.path(), &["upgrade", "head"]);
    let (theirs, catalog) = (project.sql(query), project.catalog());
    alembic.run(project.path(), &["downgrade", "base"]);
    let report = take_over(&project, &alembic);
    assert_eq!(report["not_taken_over"], 0, "{report:#}");
    project.run(&["upgrade"]).ok();
    assert_eq!(rows(&project), last);
    assert_eq!(project.sql(query), theirs);
    // Of mighost's own tables only Alembic's is in both.
    let own = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("alembic_version"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(own(&project.catalog()), own(&catalog));
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(rows(&project), "");
}

/// F1: the values of parameters are in the script, as a driver would have sent them.
#[test]
fn values_of_parameters_are_written() {
    let table =
        "op.execute('create table v (n int, t text, b bytea, d jsonb, e interval, f timestamptz, g uuid, h float8)')";
    let columns = "v = sa.table('v', sa.column('n'), sa.column('t'))\nb = op.get_bind()\n";
    let cases = [
        "op.get_bind().execute(sa.text('insert into v (n) values (:n)'), {'n': 5})".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (n) values (:n)'), [{'n': 6}, {'n': None}])".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (n) values (:n)'), parameters={'n': 10})".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (t) values (:t)'), {'t': \"O'N\\\\x%:n \\\\n$$\"})".to_owned(),
        "op.execute(sa.text('insert into v (n) values (:n)').bindparams(n=7))".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (n) values (:n)').params(n=8))".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (b) values (:b)'), {'b': b'a\\\\\\x00\\xff'})".to_owned(),
        "op.get_bind().execute(sa.text('insert into v (f) values (:f)'), {'f': datetime.datetime(2020, 1, 2, 3, 4, 5, 6, \
         tzinfo=datetime.timezone.utc)})"
            .to_owned(),
        "op.get_bind().execute(sa.text('insert into v (g) values (:g)'), {'g': uuid.UUID(int=5)})".to_owned(),
        format!("{columns}b.execute(v.insert(), [{{'n': 1, 't': 'x'}}, {{'n': 2, 't': None}}])"),
        format!(
            "{columns}b.execute(v.update().where(v.c.n == sa.bindparam('x')).values(t=sa.bindparam('y')), {{'x': 2, 'y': 'q'}})"
        ),
        format!("{columns}b.execute(v.delete().where(v.c.n == sa.bindparam('x')), {{'x': 1}})"),
        "op.get_bind().execute(sa.text('delete from v where n in :x').bindparams(sa.bindparam('x', expanding=True)), {'x': \
         [7, 9]})"
            .to_owned(),
        "op.bulk_insert(sa.table('v', sa.column('d', postgresql.JSONB), sa.column('e', sa.Interval), sa.column('h', sa.Float)), \
         [{'d': {'a': \"b'c\\\\d\"}, 'e': datetime.timedelta(days=1, seconds=5.5), 'h': float('nan')}, \
         {'d': None, 'e': None, 'h': float('-inf')}])"
            .to_owned(),
    ];
    let mut pairs = vec![(table, "op.execute('drop table v')")];
    pairs.extend(cases.iter().map(|case| (case.as_str(), "pass")));
    same_as_alembic(&pairs, "select v::text from v order by 1");
}

/// F1: what cannot be written is refused, and never NULL.
#[test]
fn values_that_are_not_known_are_refused() {
    let table = "v = sa.Table('v', sa.MetaData(), sa.Column('id', sa.Integer, default=lambda: 5, onupdate=lambda: 5), \
                 sa.Column('n', sa.Integer))\n";
    let insert = format!("{table}op.execute(v.insert().values(n=1))");
    let bulk = format!("{table}op.bulk_insert(v, [{{'n': 1}}])");
    let update = format!("{table}op.execute(v.update().values(n=1))");
    refused(&[
        (
            "op.get_bind().execute(sa.text('insert into v values (:n)'))",
            "the parameter `n` has no value",
        ),
        (
            "op.execute(\"update v set t = 'at :noon'\")",
            "the parameter `noon` has no value",
        ),
        (
            "op.get_bind().execute(sa.table('v', sa.column('n')).insert())",
            "the parameter `n` has no value",
        ),
        (
            "op.get_bind().execute(sa.text('delete from v where n = any(:n)'), {'n': [1, 2]})",
            "No literal value renderer is available",
        ),
        (
            "op.get_bind().execute(sa.text('insert into v values (:n)'), (5,))",
            "it sends values without names",
        ),
        (
            "op.get_bind().exec_driver_sql('insert into v values (%s)', (5,))",
            "it sends values through exec_driver_sql",
        ),
        (
            "op.get_bind().exec_driver_sql(\"insert into v values ('5%')\")",
            "a percent sign through exec_driver_sql",
        ),
        (insert.as_str(), "Python computes the default of the column `id`"),
        (bulk.as_str(), "Python computes the default of the column `id`"),
        (update.as_str(), "Python computes the default of the column `id`"),
    ]);
}

/// F2: what a revision does after a look at the database is not known, even if it goes on after an exception.
#[test]
fn a_look_at_the_database_is_refused() {
    let result = "it uses the result of a statement";
    refused(&[
        ("sa.inspect(op.get_bind()).has_table('t')", "it inspects the database"),
        (
            "try:\n    there = sa.inspect(op.get_bind()).has_table('t')\nexcept Exception:\n    there = False",
            "it inspects the database",
        ),
        (
            "try:\n    there = sa.inspect(op.get_bind()).has_table('t')\nexcept:\n    there = False",
            "it inspects the database",
        ),
        (
            "sa.inspect(op.get_context().bind).get_columns('t')",
            "it inspects the database",
        ),
        (
            "sa.engine.reflection.Inspector.from_engine(op.get_bind()).get_table_names()",
            "it inspects the database",
        ),
        ("op.get_bind().dialect.has_table(op.get_bind(), 't')", result),
        (
            "sa.Table('t', sa.MetaData(), autoload_with=op.get_bind())",
            "it inspects the database",
        ),
        ("sa.MetaData().reflect(bind=op.get_bind())", "it inspects the database"),
        (
            "with op.batch_alter_table('t', recreate='always') as batch:\n    batch.add_column(sa.Column('x', sa.Integer))",
            "This operation cannot proceed in --sql mode",
        ),
        (
            "if op.get_bind().scalar(sa.text('select 1')) is None:\n    op.drop_table('t')",
            result,
        ),
        (
            "for row in op.get_bind().execute(sa.text('select 1')):\n    op.drop_table('t')",
            result,
        ),
        (
            "if op.get_bind().execute(sa.text('update t set a = 1')).rowcount:\n    op.drop_table('t')",
            result,
        ),
        (
            "row = op.get_bind().execute(sa.text('select 1'))\nop.execute(f'select {row}')",
            result,
        ),
        (
            "row = op.get_bind().execute(sa.text('select 1'))\nop.get_bind().execute(sa.text('select :x'), {'x': row})",
            result,
        ),
        (
            "session = Session(bind=op.get_bind())\nsession.execute(sa.text('delete from t'))\nsession.commit()",
            "of the connection",
        ),
        (
            "with op.get_bind().begin_nested():\n    op.drop_table('t')",
            "it uses `begin_nested` of the connection",
        ),
        (
            "op.get_bind().execution_options(isolation_level='AUTOCOMMIT').execute(sa.text('vacuum'))",
            "it uses `execution_options` of the connection",
        ),
        (
            "op.get_bind().execute(sa.text('select 1'), execution_options={'schema_translate_map': {None: 'x'}})",
            "it uses the execution option `schema_translate_map`",
        ),
        (
            "op.execute('vacuum', execution_options={'isolation_level': 'AUTOCOMMIT'})",
            "it uses the execution option `isolation_level`",
        ),
        (
            "op.execute(sa.text('select 1').execution_options(schema_translate_map={None: 'x'}))",
            "it uses the execution option `schema_translate_map`",
        ),
        (
            "op.get_bind().connection.cursor().execute('select 1')",
            "it uses `connection` of the connection",
        ),
        (
            "with op.get_bind().engine.connect() as other:\n    other.execute(sa.text('select 1'))",
            "it uses `connect` of the engine",
        ),
        (
            "op.execute(f'comment on database {op.get_bind().engine.url.database} is null')",
            "it uses `url` of the engine",
        ),
        (
            "if (op.get_bind().dialect.server_version_info or (0,)) >= (12,):\n    op.drop_table('t')",
            "it asks for the server's version",
        ),
        (
            "op.execute(f'set search_path to {op.get_bind().dialect.default_schema_name}')",
            "it asks for the default schema",
        ),
        (
            "if op.get_context().get_current_revision():\n    op.drop_table('t')",
            "it asks for the current revision",
        ),
        (
            "sa.create_engine('postgresql+psycopg://nobody@127.0.0.1:1/x').connect()",
            "it connects to a database by itself",
        ),
        (
            "import psycopg\npsycopg.connect('host=127.0.0.1 port=1')",
            "it connects to a database by itself",
        ),
        (
            "metadata = sa.MetaData()\nsa.Table('t', metadata, sa.Column('id', sa.Integer, index=True))\n\
             metadata.create_all(op.get_bind())",
            "depends on what the database has",
        ),
    ]);
}

/// F2: the way to it and back: the upgrade fails and says why, `check` names it, and its author fills it in.
#[test]
fn a_refused_upgrade_fails_until_it_is_written() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    line(
        &project,
        &[(
            "if not sa.inspect(op.get_bind()).has_table('t'):\n    op.create_table('t', sa.Column('id', sa.Integer))",
            "op.drop_table('t')",
        )],
    );
    alembic.run(project.path(), &["upgrade", "head"]);
    take_over(&project, &alembic);
    let warning = "warning: 1 script is not taken over from Alembic: upgrade of c0\n";
    let check = project.run(&["check"]).ok();
    assert!(check.stdout.contains(warning), "{}", check.stdout);
    let check = project.run(&["check", "--json"]).ok().stdout;
    assert!(check.contains("\"not-taken-over\""), "{check}");
    project.run(&["downgrade", "-1"]).ok();
    let exists = "select to_regclass('t') is not null";
    assert_eq!(project.sql(exists), "f");
    let upgrade = project.run(&["upgrade", "head"]);
    assert_eq!(upgrade.code, 7, "{}", upgrade.stderr);
    let why = "the upgrade of revision c0 was not taken over from Alembic: it inspects the database (line ";
    assert!(upgrade.stderr.contains(why), "{}", upgrade.stderr);
    assert_eq!(rows(&project), "");
    project.write("migrations/c0_about_c0/upgrade.sql", "create table t (id int);\n");
    project.run(&["upgrade", "head"]).ok();
    assert_eq!((project.sql(exists).as_str(), rows(&project).as_str()), ("t", "c0"));
    let check = project.run(&["check"]).ok();
    assert!(!check.stdout.contains("not taken over"), "{}", check.stdout);
}

/// F3: a downgrade that Alembic refuses in any case is not there; one that fails for want of a database is not taken over.
#[test]
fn a_downgrade_that_raises_goes_up_only() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let one_way = [
        (
            "raise RuntimeError('no way back')",
            "it raises RuntimeError: no way back",
        ),
        ("raise NotImplementedError", "it raises NotImplementedError"),
        ("assert False, 'never'", "it raises AssertionError: never"),
        ("sys.exit('never')", "it raises SystemExit: never"),
        (
            "op.drop_table('t')\nraise Exception('irreversible')",
            "it raises Exception: irreversible",
        ),
        (
            "def no():\n    raise Exception('never')\nno()",
            "it raises Exception: never",
        ),
    ];
    let unknown = [
        ("op.drop_table()", "TypeError"),
        (
            "if op.get_bind().execute(sa.text('select 1')).scalar():\n    raise RuntimeError('no')",
            "the result of a statement",
        ),
        (
            "try:\n    op.drop_table()\nexcept TypeError:\n    raise RuntimeError('no')",
            "RuntimeError: no",
        ),
        (
            "if os.environ.get('ALLOWED') is None:\n    raise RuntimeError('no')",
            "the environment variable ALLOWED",
        ),
    ];
    let downgrades = one_way.iter().chain(&unknown);
    let cases: Vec<(&str, &str)> = downgrades
        .map(|(downgrade, _)| ("op.execute('select 1')", *downgrade))
        .collect();
    line(&project, &cases);
    let last = cases.len();
    // A file whose downgrade was deleted.
    project.write(
        &format!("alembic/versions/c{last}_about_c{last}.py"),
        format!(
            "'''the last one'''\nrevision = 'c{last}'\ndown_revision = 'c{}'\ndef upgrade():\n    pass\n",
            last - 1
        ),
    );
    let report = take_over(&project, &alembic);
    let none = |number: usize| {
        !project
            .path()
            .join(format!("migrations/c{number}_about_c{number}/downgrade.sql"))
            .exists()
    };
    for (number, (downgrade, reason)) in one_way.iter().enumerate() {
        assert_eq!(found(&report, number)["one_way"], *reason, "{downgrade}");
        assert!(none(number), "{downgrade}");
    }
    assert_eq!(found(&report, last)["one_way"], "there is no function downgrade");
    assert!(none(last));
    for (number, (downgrade, reason)) in unknown.iter().enumerate() {
        let found = found(&report, one_way.len() + number);
        let why = found["downgrade"]["not_taken_over"].as_str().unwrap_or("taken over");
        assert!(
            found["one_way"].is_null() && why.contains(reason),
            "{downgrade}\n{found}"
        );
    }
    assert_eq!(report["not_taken_over"], unknown.len());
    project.run(&["upgrade"]).ok();
    let head = rows(&project);
    assert_ne!(project.run(&["downgrade", "-1"]).code, 0);
    assert_eq!(rows(&project), head);
}

/// F4: what asks for the mode or for arguments does something else in another run.
#[test]
fn a_question_about_the_run_is_refused() {
    let mode = "it asks whether it runs offline";
    refused(&[
        ("if context.is_offline_mode():\n    return", mode),
        ("if op.get_context().as_sql:\n    return", mode),
        ("if context.get_context().as_sql:\n    return", mode),
        ("if getattr(op.get_context(), 'as_sql', False):\n    return", mode),
        ("if op.get_context().impl.as_sql:\n    return", mode),
        ("if op.get_context().opts['as_sql']:\n    return", mode),
        ("if op.get_context().opts.get('as_sql'):\n    return", mode),
        (
            "context.static_output('-- by hand')",
            "it writes to the output of --sql",
        ),
        (
            "op.get_context().impl.static_output('-- by hand')",
            "it writes to the output of --sql",
        ),
        (
            "context.get_x_argument(as_dictionary=True).get('tenant')",
            "it depends on the arguments -x",
        ),
        ("context.get_tag_argument()", "it depends on the argument --tag"),
        (
            "context.config.get_main_option('sqlalchemy.url')",
            "it reads Alembic's configuration",
        ),
        (
            "context.config.attributes.get('connection')",
            "it depends on what a program passes",
        ),
        (
            "context.config.cmd_opts.x",
            "it depends on the arguments of the command",
        ),
    ]);
}

/// F5: types and sequences that are created through the connection; twice, if they check first.
#[test]
fn types_are_taken_over() {
    same_as_alembic(
        &[
            (
                "mood = ENUM('a', 'b', name='mood')\nmood.create(op.get_bind())\nmood.create(op.get_bind())\n\
                 sa.Enum('c', name='grade').create(op.get_bind(), checkfirst=False)\n\
                 op.create_table('t', sa.Column('m', ENUM('a', 'b', name='mood', create_type=False)), \
                 sa.Column('k', sa.Enum('d', name='kind')))",
                "op.drop_table('t')\nENUM(name='mood').drop(op.get_bind())\nENUM(name='mood').drop(op.get_bind())\n\
                 sa.Enum(name='grade').drop(op.get_bind(), checkfirst=False)\nsa.Enum(name='kind').drop(op.get_bind())",
            ),
            (
                "sa.Sequence('s').create(op.get_bind())\nsa.Sequence('s').create(op.get_bind())",
                "sa.Sequence('s').drop(op.get_bind())\nsa.Sequence('s').drop(op.get_bind())",
            ),
            (
                "metadata = sa.MetaData()\nsa.Table('u', metadata, sa.Column('id', sa.Integer))\n\
                 metadata.create_all(op.get_bind())\nmetadata.create_all(op.get_bind())",
                "metadata = sa.MetaData()\nsa.Table('u', metadata, sa.Column('id', sa.Integer))\n\
                 metadata.drop_all(op.get_bind())\nmetadata.drop_all(op.get_bind())",
            ),
        ],
        "select string_agg(typname || ' ' || enumlabel, ', ' order by typname, enumlabel) from pg_enum e join pg_type t on t.oid = enumtypid",
    );
}

/// F6: only a revision that leaves its transaction runs without one.
#[test]
fn a_transaction_for_each_migration_is_the_default() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let environment = fs::read_to_string(project.path().join("alembic/env.py")).unwrap();
    let environment = environment.replace(
        "literal_binds=True,",
        "literal_binds=True, transaction_per_migration=True,",
    );
    project.write("alembic/env.py", environment);
    line(
        &project,
        &[
            ("op.execute('select 1')", "pass"),
            (
                "with op.get_context().autocommit_block():\n    op.execute('select 1')",
                "pass",
            ),
            ("with context.begin_transaction():\n    op.execute('select 1')", "pass"),
        ],
    );
    let report = take_over(&project, &alembic);
    let alone: Vec<&Value> = (0..3).map(|number| &found(&report, number)["alone"]).collect();
    assert_eq!(alone, [&Value::Bool(false), &Value::Bool(true), &Value::Bool(false)]);
    assert!(!script(&project, 0, "migration.toml").contains("transaction"));
    assert!(script(&project, 1, "migration.toml").contains("transaction = \"none\""));
}

/// F7: also if env.py is what knows the folders.
#[test]
fn a_project_without_revisions_is_refused() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    revision(&project, "a1", "None", "", "pass", "pass");
    fs::create_dir(project.path().join("elsewhere")).unwrap();
    fs::rename(
        project.path().join("alembic/versions/a1_about_a1.py"),
        project.path().join("elsewhere/a1.py"),
    )
    .unwrap();
    let environment = fs::read_to_string(project.path().join("alembic/env.py")).unwrap();
    project.write(
        "alembic/env.py",
        environment.replace(
            "config = context.config",
            "config = context.config\nconfig.set_main_option('version_locations', 'elsewhere')",
        ),
    );
    let python = alembic.python().display().to_string();
    for more in [
        &["--python", &python][..],
        &["--no-python"],
        &["--no-python", "--dry-run"],
    ] {
        let outcome = project.run(&[&["init", "new", "--from", "alembic.ini"], more].concat());
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        let shown = outcome.shown();
        assert!(
            shown.contains("PROJECT/alembic.ini has no revisions: there are none in PROJECT/alembic/versions")
                && shown.contains("`version_locations`"),
            "{shown}"
        );
        assert!(!project.path().join("new").exists());
    }
}

/// F8: the reasons are listed, even if there is no revision without one; many with the same reason are folded.
#[test]
fn all_reasons_are_listed() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let upgrade = ("op.get_bind().scalar(sa.text('select 1'))", "pass");
    line(&project, &[upgrade; 7]);
    let python = alembic.python().display().to_string();
    let arguments = ["init", "--from", "alembic.ini", "--dry-run"];
    let data = project
        .run(&[&arguments[..], &["--python", &python]].concat())
        .ok()
        .data();
    assert!(
        data.contains("c4 about c4\nand 2 more\n    upgrade not taken over: it uses the result"),
        "{data}"
    );
    assert!(!data.contains("c5 about c5"), "{data}");
    let data = project.run(&[&arguments[..], &["--no-python"]].concat()).ok().data();
    let reason = "and 2 more\n    upgrade not taken over: Alembic was not run\n    downgrade not taken over: Alembic was not run\n";
    assert!(data.contains(reason), "{data}");
    for number in 2..7 {
        fs::remove_file(
            project
                .path()
                .join(format!("alembic/versions/c{number}_about_c{number}.py")),
        )
        .unwrap();
    }
    let data = project
        .run(&[&arguments[..], &["--python", &python]].concat())
        .ok()
        .data();
    let both = "c0 about c0\nc1 about c1\n    upgrade not taken over: it uses the result of a statement (line ";
    assert!(
        data.contains("  0 complete, 2 with code") && data.contains(both),
        "{data}"
    );
}

/// A script would repeat what was right once, on one machine.
#[test]
fn time_chance_and_the_machine_are_refused() {
    let (clock, chance) = ("it depends on the time at which it runs", "it depends on chance");
    refused(&[
        ("op.execute(f\"select '{datetime.datetime.now()}'\")", clock),
        (
            "op.execute(f\"select '{datetime.datetime.now(datetime.timezone.utc)}'\")",
            clock,
        ),
        ("op.execute(f\"select '{datetime.date.today()}'\")", clock),
        ("op.execute(f'select {time.time()}')", clock),
        ("op.execute('select ' + time.strftime('%Y'))", clock),
        ("op.execute(f\"select '{uuid.uuid4()}'\")", chance),
        ("op.execute(f\"select '{uuid.uuid1()}'\")", chance),
        ("op.execute(f'select {random.randint(1, 5)}')", chance),
        ("op.execute(f\"select '{secrets.token_hex(4)}'\")", chance),
        (
            "op.execute('select ' + os.getenv('TENANT', '1'))",
            "it reads the environment variable TENANT",
        ),
        (
            "if 'TENANT' in os.environ:\n    op.drop_table('t')",
            "it reads the environment variable TENANT",
        ),
        ("dict(os.environ)", "it reads the environment"),
        (
            "open('/etc/passwd').read()",
            "it reads the file /etc/passwd, which does not belong to the project",
        ),
        ("open('written', 'w')", "it writes the file "),
        ("os.makedirs('made')", "it changes files"),
        ("subprocess.run(['true'])", "it runs another program"),
        ("os.system('true')", "it runs another program"),
        ("socket.create_connection(('127.0.0.1', 1))", "it uses the network"),
    ]);
}

/// The same, when the file of a revision is loaded.
#[test]
fn a_revision_that_asks_when_it_is_loaded_is_refused() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let cases = [
        (
            "NOW = datetime.datetime.now()",
            "it depends on the time at which it runs",
        ),
        ("ID = uuid.uuid4()", "it depends on chance"),
        (
            "TENANT = os.environ.get('TENANT', 'public')",
            "it reads the environment variable TENANT",
        ),
        (
            "COMMIT = subprocess.check_output(['echo', 'x'])",
            "it runs another program",
        ),
    ];
    for (number, (code, _)) in cases.iter().enumerate() {
        let down = number
            .checked_sub(1)
            .map_or("None".to_owned(), |before| format!("'c{before}'"));
        revision(
            &project,
            &format!("c{number}"),
            &down,
            &format!("{IMPORTS}{code}"),
            "pass",
            "pass",
        );
    }
    let report = take_over(&project, &alembic);
    for (number, (code, reason)) in cases.iter().enumerate() {
        for direction in ["upgrade", "downgrade"] {
            let why = found(&report, number)[direction]["not_taken_over"]
                .as_str()
                .unwrap_or("taken over");
            assert!(why.contains(reason), "{code}\n{why}");
        }
    }
}

/// What has no influence on the statements is no reason.
#[test]
fn what_is_certain_is_taken_over() {
    taken(&[
        ("print('hello')\nop.execute('select 1')", "select 1;"),
        (
            "logging.getLogger('x').warning('hello')\nop.execute('select 1')",
            "select 1;",
        ),
        (
            "op.execute(f\"select '{uuid.uuid5(uuid.NAMESPACE_DNS, 'x')}'\")",
            "select '05b16a01-46c6-56dd-bd6e-c6dfb4a1427a';",
        ),
        (
            "op.execute('select ' + datetime.date(2020, 1, 2).strftime('%Y'))",
            "select 2020;",
        ),
        (
            "op.execute(open(os.path.join(os.path.dirname(__file__), 'data.sql')).read())",
            "select 'from a file';",
        ),
        (
            "op.get_bind().execute(sa.text(\"select setval('s', 5)\"))",
            "select setval('s', 5);",
        ),
        ("op.get_bind().exec_driver_sql('select 1')", "select 1;"),
        (
            "if op.get_bind().dialect.name == 'postgresql' and isinstance(op.get_bind(), sa.engine.Connection):\n    \
             op.execute('select 1')",
            "select 1;",
        ),
        (
            "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('x', sa.Integer))",
            "ALTER TABLE t ADD COLUMN x INTEGER;",
        ),
        (
            "op.bulk_insert(sa.table('t', sa.column('p', sa.Text)), [{'p': 'C:\\\\dir'}])",
            "INSERT INTO t (p) VALUES ('C:\\dir');",
        ),
    ]);
}

/// What env.py does around the revisions is named.
#[test]
fn the_part_of_the_environment_is_named() {
    let Some(alembic) = Alembic::installed() else { return };
    let project = alembic_project(&alembic);
    let environment = fs::read_to_string(project.path().join("alembic/env.py")).unwrap();
    let environment = environment
        .replace(
            "literal_binds=True,",
            "literal_binds=True, on_version_apply=lambda **facts: None,",
        )
        .replace(
            "():\n        context.run_migrations()",
            "():\n        context.execute('set search_path to mine')\n        context.run_migrations()",
        );
    project.write("alembic/env.py", environment);
    line(&project, &[("op.execute('select 1')", "pass")]);
    let report = take_over(&project, &alembic);
    let notes = report["notes"].to_string();
    for expected in [
        "env.py sends statements of its own, which are not taken over: set search_path to mine",
        "`on_version_apply` in env.py is not taken over",
        "env.py mentions `search_path`",
    ] {
        assert!(notes.contains(expected), "{expected}\n{notes}");
    }
    assert!(!script(&project, 0, "upgrade.sql").contains("search_path"));
}
