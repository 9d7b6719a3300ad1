//! The loader as a whole, on files in a temporary folder.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use mighost_core::Diagnostic;

struct Fixture {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Fixture {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), text).unwrap();
        Self {
            folder,
            environment: Environment::new(),
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn with<T>(&self, extra: &[&str], run: impl FnOnce(&LoadRequest<'_>) -> T) -> T {
        let extra: Vec<String> = extra.iter().map(|&text| text.to_owned()).collect();
        run(&LoadRequest {
            directory: self.folder.path(),
            config: None,
            extra: &extra,
            environment: &self.environment,
        })
    }

    fn load(&self, extra: &[&str]) -> Result<Settings, ConfigError> {
        self.with(extra, load)
    }

    /// The error of [`load`] as it is shown, without the temporary folder's name.
    fn error(&self, extra: &[&str]) -> String {
        let error = self.load(extra).unwrap_err();
        let diagnostic = Diagnostic::from(&error);
        let lines = [diagnostic.what].into_iter().chain(diagnostic.location);
        let text = lines.chain(diagnostic.hints.iter().map(|hint| format!("hint: {hint}")));
        let text = text.collect::<Vec<_>>().join("\n");
        text.replace(self.folder.path().to_str().unwrap(), "DIR")
    }
}

fn exposed(settings: &Settings) -> &str {
    match &settings.url {
        DatabaseUrl::Embedded => "embedded",
        DatabaseUrl::Url(secret) => secret.expose(),
    }
}

const TWO: &str = r#"
[project]
migrations = ["migrations", "./more"]
schema = "crmp"
superuser-role = "pcicdba"
env-prefix = "PYCDS"
default = "dev"
lock-timeout = "5s"
statement-timeout = "2min"

[args]
station = "a"
batch = 100
dry = true

[limits]
guest-time = "3s"

[databases.dev]
url = "embedded"

[databases.test]
url = "postgresql://tester@localhost:30599/pycds_test"
schema = "crmp_test"
version-table = "alembic_version"
transaction = "all"
lock-timeout = "0s"
lock-wait = "500ms"
plugins = ["vendor"]

[databases.test.args]
station = "b"

[databases.test.limits]
memory = "64MiB"
"#;

#[test]
fn defaults() {
    let fixture = Fixture::new("[databases.only]\nurl = \"embedded\"");
    let settings = fixture.load(&[]).unwrap();
    let root = fs::canonicalize(fixture.folder.path()).unwrap();
    assert_eq!(settings.label, "only");
    assert_eq!(settings.url, DatabaseUrl::Embedded);
    assert_eq!(settings.migrations, [root.join("migrations")]);
    assert_eq!(settings.plugins, [root.join("plugins")]);
    assert_eq!(settings.schema, "public");
    assert_eq!(settings.superuser_role, None);
    assert_eq!(settings.version_table, "mighost_version");
    assert_eq!(settings.transaction, TransactionMode::PerMigration);
    assert_eq!((settings.lock_timeout, settings.statement_timeout), (None, None));
    assert_eq!(settings.lock_wait, Duration::from_secs(60));
    assert_eq!(settings.limits.guest_time, Duration::from_secs(10));
    assert_eq!(settings.limits.memory, 256 << 20);
    assert_eq!(settings.embedded.data_dir, root.join(".mighost/postgres/only"));
    assert!(!settings.embedded.fetch);
    assert_eq!(settings.root, root);
}

#[test]
fn a_label_overrides_the_project() {
    let fixture = Fixture::new(TWO);
    let dev = fixture.load(&[]).unwrap();
    assert_eq!((dev.label.as_str(), dev.schema.as_str()), ("dev", "crmp"));
    assert_eq!(dev.lock_timeout, Some(Duration::from_secs(5)));
    assert_eq!(dev.args["station"], "a");
    assert_eq!(dev.migrations[1], dev.root.join("more"));

    let test = fixture.load(&["db=test"]).unwrap();
    assert_eq!(exposed(&test), "postgresql://tester@localhost:30599/pycds_test");
    assert_eq!(
        (test.schema.as_str(), test.version_table.as_str()),
        ("crmp_test", "alembic_version")
    );
    assert_eq!(test.superuser_role.as_deref(), Some("pcicdba"));
    assert_eq!(test.transaction, TransactionMode::All);
    assert_eq!(test.lock_timeout, None, "0s switches the project's off");
    assert_eq!(test.statement_timeout, Some(Duration::from_secs(120)));
    assert_eq!(test.lock_wait, Duration::from_millis(500));
    assert_eq!(test.plugins, [test.root.join("vendor")]);
    assert_eq!(
        (test.limits.guest_time, test.limits.memory),
        (Duration::from_secs(3), 64 << 20)
    );
    let args: Vec<_> = test.args.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(args, ["batch=100", "dry=true", "station=b"]);
}

#[test]
fn the_command_line_overrides_args() {
    let settings = Fixture::new(TWO)
        .load(&["station=c=d", "flag", "db=test", "flag2="])
        .unwrap();
    assert_eq!(settings.args["station"], "c=d");
    assert_eq!(
        (settings.args["flag"].as_str(), settings.args["flag2"].as_str()),
        ("", "")
    );
    assert!(!settings.args.contains_key("db"));
}

#[test]
fn the_environment_overrides_names() {
    let plain = Fixture::new(TWO)
        .env("MIGHOST_SCHEMA_NAME", "from_mighost")
        .env("MIGHOST_SU_ROLE_NAME", "root");
    let settings = plain.load(&["db=test"]).unwrap();
    assert_eq!(
        (settings.schema.as_str(), settings.superuser_role.as_deref()),
        ("from_mighost", Some("root"))
    );

    let both = plain
        .env("PYCDS_SCHEMA_NAME", "from_pycds")
        .env("PYCDS_SU_ROLE_NAME", "");
    let settings = both.load(&["db=test"]).unwrap();
    assert_eq!(
        (settings.schema.as_str(), settings.superuser_role.as_deref()),
        ("from_pycds", Some("root"))
    );

    let long = Fixture::new(TWO).env("PYCDS_SCHEMA_NAME", &"s".repeat(64));
    assert_snapshot!(long.error(&[]), @r#"PYCDS_SCHEMA_NAME in the environment: "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss" has 64 bytes; names in PostgreSQL have at most 63"#);
}

#[test]
fn urls_take_variables() {
    let fixture = Fixture::new("[databases.a]\nurl = \"postgresql://${WHO}:${PW}@h/$d?x=${PW}\"");
    assert_snapshot!(fixture.error(&[]), @r"
    the url of database a uses ${WHO}, which is not set in the environment
    DIR/mighost.toml:2:7
    2 | url = ***
      |       ^
    hint: set it: export WHO=...
    ");
    let fixture = fixture.env("WHO", "me").env("PW", "${WHO}");
    assert_eq!(
        exposed(&fixture.load(&[]).unwrap()),
        "postgresql://me:${WHO}@h/$d?x=${WHO}"
    );

    for (url, reason) in [
        ("a${B", "no closing `}`"),
        ("${}", "letters, digits"),
        ("${A-b}", "letters, digits"),
        (" ", "empty"),
    ] {
        let error = Fixture::new(&format!("[databases.a]\nurl = \"{url}\"")).error(&[]);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_file_is_found_upwards() {
    let fixture = Fixture::new(TWO);
    let deep = fixture.folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    let mut request = LoadRequest {
        directory: &deep,
        config: None,
        extra: &[],
        environment: &Environment::new(),
    };
    let root = fs::canonicalize(fixture.folder.path()).unwrap();
    assert_eq!(load(&request).unwrap().root, root);

    fs::write(deep.join("other.toml"), "[databases.x]\nurl = \"embedded\"").unwrap();
    let environment = Environment::from([(CONFIG_VARIABLE.to_owned(), "other.toml".to_owned())]);
    request.environment = &environment;
    assert_eq!(load(&request).unwrap().label, "x");
    request.config = Some(Path::new("../../mighost.toml"));
    assert_eq!(
        load(&request).unwrap().label,
        "dev",
        "-c is stronger than the environment"
    );
    request.config = Some(Path::new("missing.toml"));
    assert!(matches!(load(&request), Err(ConfigError::Read { .. })));
    request.config = Some(Path::new("."));
    assert!(matches!(load(&request), Err(ConfigError::Read { .. })));
}

#[test]
fn no_file() {
    let fixture = Fixture::new("");
    fs::remove_file(fixture.folder.path().join(FILE_NAME)).unwrap();
    assert_snapshot!(fixture.error(&[]), @r"
    no mighost.toml in DIR or in any folder above it
    hint: run `mighost init` to create one here, or name another with -c FILE or the environment variable MIGHOST_CONFIG
    ");
}

#[test]
fn the_project_needs_no_label() {
    let fixture = Fixture::new(&TWO.replace("default = \"dev\"", ""));
    let project = fixture.with(&[], load_project).unwrap();
    assert_eq!((project.label, project.schema.as_str()), (None, "crmp"));
    let test = fixture.with(&["db=test"], load_project).unwrap();
    assert_eq!(
        (test.label.as_deref(), test.schema.as_str()),
        (Some("test"), "crmp_test")
    );
    assert!(fixture.with(&["db=none"], load_project).is_err());
    assert_eq!(Fixture::new("").with(&[], load_project).unwrap().schema, "public");
}

#[test]
fn choosing_a_database() {
    let fixture = Fixture::new(&TWO.replace("default = \"dev\"", ""));
    assert_snapshot!(fixture.error(&[]), @r#"
    2 databases are configured, but none was chosen
    hint: choose one with -x db=LABEL, or set default = "LABEL" under [project]; available: dev, test
    "#);
    assert_snapshot!(fixture.error(&["db=tset"]), @r#"
    no database is labelled "tset"
    hint: did you mean -x db=test? Available: dev, test
    "#);
    assert_snapshot!(fixture.error(&["db=production"]), @r#"
    no database is labelled "production"
    hint: available: dev, test
    "#);
    assert_snapshot!(fixture.error(&["db=dev", "db=test"]), @r#"-x db: two databases are named, "dev" and "test"; a command uses only one"#);
    assert_snapshot!(fixture.error(&["db=postgresql://me:hunter2@h/d"]), @"-x db: this looks like a url; use the label of a [databases.LABEL] that has this url");
    assert_snapshot!(fixture.error(&["db"]), @"-x db: no label is given; write -x db=LABEL");
    assert_snapshot!(fixture.error(&["=x"]), @"-x : there is no name before the `=`; write -x name=value");
    assert_snapshot!(Fixture::new("").error(&[]), @r#"
    DIR/mighost.toml configures no database
    hint: add one:
    [databases.dev]
    url = "embedded"
    "#);
    assert_snapshot!(Fixture::new("[databases.a]\nschema = \"s\"").error(&[]), @r#"
    database a has no url
    DIR/mighost.toml:1:1
    1 | [databases.a]
      | ^
    hint: write url = "embedded" or url = "postgresql://user@host/database"
    "#);
}

#[test]
fn broken_files() {
    let error = |text: &str| Fixture::new(text).error(&[]);
    assert_snapshot!(error("[project]\nschema = crmp\n"), @r"
    invalid TOML: string values must be quoted
    DIR/mighost.toml:2:10
    2 | schema = crmp
      |          ^
    ");
    assert_snapshot!(error("[project\n"), @r"
    invalid TOML: unclosed table, expected `]`
    DIR/mighost.toml:1:9
    1 | [project
      |         ^
    ");
    assert_snapshot!(error("[project]\n[project]\n"), @r"
    invalid TOML: duplicate key
    DIR/mighost.toml:2:2
    2 | [project]
      |  ^
    ");
    assert_snapshot!(error("[project]\nshema = \"crmp\"\n"), @r#"
    [project] has no setting "shema"
    DIR/mighost.toml:2:1
    2 | shema = "crmp"
      | ^
    hint: did you mean schema?
    "#);
    assert_snapshot!(error("[project]\nurl = \"postgresql://me:hunter2@h/d\"\n"), @r#"
    [project] has no setting "url"
    DIR/mighost.toml:2:1
    2 | url = ***
      | ^
    hint: a url belongs in [databases.LABEL]
    "#);
    assert_snapshot!(error("[project.args]\nx = 1\n"), @r#"
    [project] has no setting "args"
    DIR/mighost.toml:1:10
    1 | [project.args]
      |          ^
    hint: it belongs at the top level: [args]
    "#);
    assert_snapshot!(error("[database.dev]\nurl = \"embedded\"\n"), @r#"
    the file has no setting "database"
    DIR/mighost.toml:1:2
    1 | [database.dev]
      |  ^
    hint: did you mean [databases.LABEL]?
    "#);
    assert_snapshot!(error("[project]\nmigrations = \"migrations\"\n"), @r#"
    migrations is a string, but should be a list of strings, ["like", "this"]
    DIR/mighost.toml:2:14
    2 | migrations = "migrations"
      |              ^
    "#);
    assert_snapshot!(error("[project]\nlock-wait = 5\n"), @r"
    lock-wait is a number, but should be a quoted string
    DIR/mighost.toml:2:13
    2 | lock-wait = 5
      |             ^
    ");
    assert_snapshot!(error("[project]\nlock-wait = \"5 weeks\"\n"), @r#"
    lock-wait: "weeks" is not a unit of time; write a whole number and a unit: 500ms, 5s, 2min or 1h
    DIR/mighost.toml:2:13
    2 | lock-wait = "5 weeks"
      |             ^
    "#);
    assert_snapshot!(error("[project]\ntransaction = \"one\"\n"), @r#"
    transaction: "one" is not one of per-migration, all, none
    DIR/mighost.toml:2:15
    2 | transaction = "one"
      |               ^
    "#);
    assert_snapshot!(error("[databases]\ndev = \"postgresql://me:hunter2@h/d\"\n"), @r"
    dev is a string, but should be a table
    DIR/mighost.toml:2:7
    2 | dev = ***
      |       ^
    ");
    assert_snapshot!(error("[databases.\"postgresql://me:hunter2@h/d\"]\nurl = 1\n"), @r"
    ***: a label consists of letters, digits, `-`, `_` and `.`, and has at most 63 bytes
    DIR/mighost.toml:1:1
    1 | ***
      | ^
    ");
    assert_snapshot!(error("[databases.dev]\nurl = postgresql://me:hunter2@h/d\n"), @r"
    invalid TOML: string values must be quoted
    DIR/mighost.toml:2:7
    2 | url = ***
      |       ^
    ");
    assert_snapshot!(error("[project]\ndefault = \"dev\"\n[databases.test]\nurl = \"embedded\"\n"), @r#"
    default: no database is labelled "dev"; available: test
    DIR/mighost.toml:2:11
    2 | default = "dev"
      |           ^
    "#);
    assert_snapshot!(error("[embedded]\nversion = 9\n"), @r"
    version: it must be a major version of PostgreSQL such as 15, and at least 10
    DIR/mighost.toml:2:11
    2 | version = 9
      |           ^
    ");
    assert_snapshot!(error("[limits]\nmemory = \"5GiB\"\n"), @r#"
    memory: the memory must be between 1MiB and 4GiB
    DIR/mighost.toml:2:10
    2 | memory = "5GiB"
      |          ^
    "#);
    assert_snapshot!(error("[args]\ndb = \"x\"\n"), @r#"
    db: -x db selects the database and is not passed to migrations; choose another name
    DIR/mighost.toml:2:6
    2 | db = "x"
      |      ^
    "#);
}

#[test]
fn names_fit_postgresql() {
    let long = "é".repeat(32);
    for key in ["schema", "superuser-role", "version-table"] {
        let error = Fixture::new(&format!("[project]\n{key} = \"{long}\"")).error(&[]);
        assert!(
            error.contains("has 64 bytes; names in PostgreSQL have at most 63"),
            "{error}"
        );
        assert!(
            Fixture::new(&format!("[project]\n{key} = \"\""))
                .error(&[])
                .contains("empty")
        );
    }
}

#[test]
fn a_folder_counts_once() {
    let twice = Fixture::new("[project]\nmigrations = [\"m\", \"./m/\"]\n[databases.a]\nurl = \"embedded\"");
    assert!(matches!(twice.load(&[]), Err(ConfigError::SameFolder { .. })));

    let linked = Fixture::new("[project]\nmigrations = [\"m\"]\nplugins = [\"n\"]\n[databases.a]\nurl = \"embedded\"");
    assert!(linked.load(&[]).is_ok());
    fs::create_dir(linked.folder.path().join("m")).unwrap();
    std::os::unix::fs::symlink("m", linked.folder.path().join("n")).unwrap();
    assert!(matches!(linked.load(&[]), Err(ConfigError::SameFolder { .. })));
}

#[test]
fn sizes_are_limited() {
    let large = Fixture::new(&"#".repeat(1024 * 1024 + 1));
    assert!(matches!(large.load(&[]), Err(ConfigError::TooLarge { .. })));
    let deep = Fixture::new(&format!("[args]\nx = {}", "[".repeat(100_000)));
    assert!(matches!(deep.load(&[]), Err(ConfigError::Syntax { .. })));
    let binary = Fixture::new("");
    fs::write(binary.folder.path().join(FILE_NAME), [0xff, 0xfe]).unwrap();
    assert!(matches!(binary.load(&[]), Err(ConfigError::NotText { .. })));
}

#[test]
fn secrets_are_not_shown() {
    let fixture = Fixture::new("[databases.a]\nurl = \"postgresql://me:hunter2@h/d\"");
    assert!(!format!("{:?}", fixture.load(&[]).unwrap()).contains("hunter2"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([a-z\\[\\]\"'=.\\n{}, 0-9é-]|url = |\\[databases\\.a\\]\\n|schema = \"x\"\\n){0,60}") {
        let _ = file::ConfigFile::parse(Path::new("mighost.toml"), &text);
    }

    #[test]
    fn a_password_never_shows(before in "[a-z\\[\\]\"'=.\\n{}, ]{0,12}", after in "[a-z\\[\\]\"'=.\\n{}, ]{0,12}") {
        let text = format!("{before}url = \"postgresql://me:hunter2@h/d\"{after}");
        if let Err(error) = file::ConfigFile::parse(Path::new("mighost.toml"), &text) {
            let diagnostic = format!("{error} {error:?} {:?}", Diagnostic::from(&error));
            prop_assert!(!diagnostic.contains("hunter2"), "{}", diagnostic);
        }
    }
}
