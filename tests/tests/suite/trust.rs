//! Signed releases and the operator's policy, with the real program: a vendor's folder, an operator's folder, and a file in between.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use insta::assert_snapshot;
use mighost_tests::project::{Outcome, Project};

/// A vendor who ships releases, and an operator who runs them.
struct Trade {
    vendor: Project,
    operator: Project,
}

const RULE: &str = "[[rules]]\nname = \"vendor\"\nprojects = [\"climate\"]\nsigners = [\"release@vendor.example\"]\n";

impl Trade {
    /// The vendor has two revisions. The operator has a database and no sources.
    fn new(rules: &str) -> Self {
        let vendor = Project::offline();
        vendor.sql_migration("a1", &[], "CREATE TABLE a1 (id int);", "DROP TABLE a1;");
        vendor.sql_migration("b2", &["a1"], "CREATE TABLE b2 (id int);", "DROP TABLE b2;");
        let trade = Self {
            vendor,
            operator: Project::on_server(),
        };
        let keys = ["release", "security"].map(|name| trade.key(name));
        let [release, security] = keys;
        let signers = format!("release@vendor.example {release}\nsecurity@vendor.example {security}\n");
        trade.operator.write("etc/allowed_signers", signers);
        trade.policy(rules);
        trade
    }

    fn policy(&self, rules: &str) {
        self.operator.write("etc/trust.toml", format!("format = 1\n{rules}"));
        for (name, mode) in [
            ("etc", 0o755),
            ("etc/trust.toml", 0o644),
            ("etc/allowed_signers", 0o644),
        ] {
            fs::set_permissions(self.operator.path().join(name), Permissions::from_mode(mode)).unwrap();
        }
    }

    /// Makes a key of the vendor, and returns its public line.
    fn key(&self, name: &str) -> String {
        let path = self.vendor.path().join(name);
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&path);
        assert!(
            command
                .status()
                .expect("ssh-keygen is needed: install openssh-client")
                .success()
        );
        fs::read_to_string(path.with_extension("pub"))
            .unwrap()
            .trim()
            .to_owned()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.operator.path().join(name)
    }

    /// A release of the vendor with this serial, in the operator's folder.
    fn release(&self, serial: u32, options: &[&str]) -> String {
        let name = format!("{serial}.release");
        let (file, serial) = (self.file(&name), serial.to_string());
        let mut arguments = vec![
            "release",
            "-o",
            file.to_str().unwrap(),
            "--version",
            "1.0",
            "--serial",
            &serial,
        ];
        arguments.extend(options);
        if !options.contains(&"--project") {
            arguments.extend(["--project", "climate"]);
        }
        self.vendor.run(&arguments).ok();
        name
    }

    fn signed(&self, serial: u32) -> String {
        self.release(serial, &["--key", "release"])
    }

    /// The operator's run, with the policy.
    fn run(&self, arguments: &[&str]) -> Outcome {
        self.operator.run(&[arguments, &["--trust", "etc/trust.toml"]].concat())
    }

    /// What is said, without what differs in each run.
    fn shown(&self, outcome: &Outcome) -> String {
        let mut shown = String::new();
        for (number, part) in outcome.shown().split("SHA256:").enumerate() {
            if number > 0 {
                shown.push_str("KEY");
            }
            let is_key = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
            shown.push_str(if number > 0 {
                part.trim_start_matches(is_key)
            } else {
                part
            });
        }
        shown
    }

    fn records(&self) -> String {
        let query = "SELECT project, version, serial, level, policy IS NOT NULL, signers IS NOT NULL FROM mighost_version_release ORDER BY id";
        self.operator.sql(query)
    }
}

#[test]
fn a_release_runs_without_sources_and_the_database_says_who_signed() {
    let trade = Trade::new(RULE);
    let release = trade.signed(1);
    let outcome = trade.run(&["upgrade", "--release", &release]).ok();
    assert_snapshot!(trade.shown(&outcome), @"
    exit 0
    [1/2] upgrade a1 about a1 (T)
    [2/2] upgrade b2 about b2 (T)
    test upgraded by 2 revisions in T, now at b2
    ");
    assert_eq!(trade.operator.sql("SELECT count(*) FROM a1, b2"), "0");
    assert_eq!(trade.records(), "climate|1.0|1|enforce|t|t");
    let signers = "SELECT DISTINCT split_part(signer, ' ', 1) FROM mighost_version_ledger";
    assert_eq!(trade.operator.sql(signers), "release@vendor.example");
    let current = trade.operator.run(&["current", "-v"]).ok().stdout;
    let expected = "b2 (not a revision of this project), signed by release@vendor.example SHA256:";
    assert!(current.starts_with(expected), "{current}");
    assert_snapshot!(trade.run(&["upgrade", "--release", &release]).ok().shown(), @"
    exit 0
    test is at b2: nothing to do
    ");
    fs::create_dir(trade.file(".mighost/releases/killed")).unwrap();
    fs::write(trade.file(".mighost/releases/killed.in-use"), "").unwrap();
    // That of a run that still holds its mark stays.
    fs::create_dir(trade.file(".mighost/releases/running")).unwrap();
    let mark = fs::File::create(trade.file(".mighost/releases/running.in-use")).unwrap();
    mark.lock().unwrap();
    assert_snapshot!(trade.run(&["downgrade", "base", "--release", &release]).ok().shown(), @"
    exit 0
    [1/2] downgrade b2 about b2 (T)
    [2/2] downgrade a1 about a1 (T)
    test downgraded by 2 revisions in T, now at base
    ");
    // Nothing of it remains, nor of a run that was killed, and one release is one record.
    let mut left: Vec<_> = fs::read_dir(trade.file(".mighost/releases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["lock", "running", "running.in-use"]);
    assert_eq!(trade.records(), "climate|1.0|1|enforce|t|t");
}

#[test]
fn a_release_runs_in_one_transaction_and_a_dry_run_records_nothing() {
    let trade = Trade::new(RULE);
    let release = trade.signed(1);
    trade.run(&["upgrade", "--release", &release, "--dry-run"]).ok();
    assert_eq!(
        trade
            .operator
            .sql("SELECT to_regclass('mighost_version_release') IS NULL"),
        "t"
    );
    trade
        .run(&["upgrade", "--release", &release, "--transaction", "all"])
        .ok();
    assert_eq!(trade.records(), "climate|1.0|1|enforce|t|t");
}

#[test]
fn the_same_sources_give_the_same_release() {
    let trade = Trade::new(RULE);
    let one = fs::read(trade.file(&trade.signed(1))).unwrap();
    trade.vendor.run(&["build", "--force"]).ok();
    assert_eq!(fs::read(trade.file(&trade.signed(1))).unwrap(), one);
}

#[test]
fn a_release_needs_a_policy() {
    let trade = Trade::new(RULE);
    let release = trade.release(1, &[]);
    assert_snapshot!(trade.operator.run(&["upgrade", "--release", &release]).shown(), @"
    exit 11
    error: there is no policy: neither --trust nor MIGHOST_TRUST names one, and /etc/mighost/trust.toml does not exist
    fault: the command, the configuration or the environment
    hint: write one with `mighost trust init`
    hint: or add --unverified to run the release without verifying it
    ");
    trade
        .operator
        .run(&["upgrade", "--release", &release, "--unverified"])
        .ok();
    assert_eq!(trade.records(), "climate|1.0|1|unverified|f|f");
    // The policy is asked even if there is nothing to do.
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &release])), @"
    exit 11
    error: PROJECT/1.release is refused: it is not signed, and PROJECT/etc/trust.toml accepts only what is signed
    fault: the command, the configuration or the environment
    hint: ask its author for a signature; `mighost sign` makes one
    ");
}

#[test]
fn a_policy_that_is_enforced_is_not_passed_by() {
    let trade = Trade::new(RULE);
    let release = trade.release(1, &[]);
    let arguments = ["upgrade", "--release", &release, "--unverified"];
    assert_snapshot!(trade.run(&arguments).shown(), @"
    exit 11
    error: the policy PROJECT/etc/trust.toml is enforced on test, and --unverified runs a release without asking it
    fault: the command, the configuration or the environment
    hint: leave out --unverified, or add --allow-untrusted to run the release anyway
    ");
    trade.run(&[&arguments[..], &["--allow-untrusted"]].concat()).ok();
    assert_eq!(trade.records(), "climate|1.0|1|unverified|f|f");
}

#[test]
fn what_the_policy_does_not_allow_is_refused_before_anything_runs() {
    let trade = Trade::new(RULE);
    let unsigned = trade.release(1, &[]);
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &unsigned])), @"
    exit 11
    error: PROJECT/1.release is refused: it is not signed, and PROJECT/etc/trust.toml accepts only what is signed
    fault: the command, the configuration or the environment
    hint: ask its author for a signature; `mighost sign` makes one
    ");
    let by_other = trade.release(2, &["--key", "security"]);
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &by_other])), @"
    exit 11
    error: PROJECT/2.release is refused: vendor of PROJECT/etc/trust.toml asks for 1 of: release@vendor.example; PROJECT/etc/allowed_signers allows the key KEY as security@vendor.example, not as release@vendor.example
    fault: the command, the configuration or the environment
    hint: if the key may sign as this principal, add the principal to its line
    ");
    let other_project = trade.release(3, &["--key", "release", "--project", "other"]);
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &other_project])), @"
    exit 11
    error: PROJECT/3.release is refused: no rule of PROJECT/etc/trust.toml covers the project other on the database test
    fault: the command, the configuration or the environment
    hint: if you trust its author here, add a rule to PROJECT/etc/trust.toml
    ");
    trade.policy(&RULE.replace("projects", "databases = [\"prod\"]\nprojects"));
    let release = trade.signed(4);
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &release])), @"
    exit 11
    error: PROJECT/4.release is refused: no rule of PROJECT/etc/trust.toml covers the project climate on the database test
    fault: the command, the configuration or the environment
    hint: if you trust its author here, add a rule to PROJECT/etc/trust.toml
    ");
    assert_eq!(trade.operator.sql("SELECT to_regclass('mighost_version') IS NULL"), "t");
}

#[test]
fn a_rule_for_a_branch_covers_that_branch_only() {
    let trade = Trade::new(&format!("{RULE}branches = [\"vendor\"]\n"));
    let settings = "branch-labels = [\"vendor\"]\n";
    trade
        .vendor
        .sql_migration_with("v1", &[], settings, "CREATE TABLE v1 ();", "DROP TABLE v1;");
    trade
        .vendor
        .sql_migration("v2", &["v1"], "CREATE TABLE v2 ();", "DROP TABLE v2;");
    let release = trade.signed(1);
    trade.run(&["upgrade", "vendor@head", "--release", &release]).ok();
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "heads", "--release", &release])), @"
    exit 11
    error: PROJECT/1.release is refused: no rule of PROJECT/etc/trust.toml covers the project climate on the database test
    fault: the command, the configuration or the environment
    hint: if you trust its author here, add a rule to PROJECT/etc/trust.toml
    ");
}

#[test]
fn a_tampered_release_is_refused() {
    let trade = Trade::new(RULE);
    let path = trade.file(&trade.signed(1));
    let mut bytes = fs::read(&path).unwrap();
    let script = b"CREATE TABLE b2";
    let at = bytes.windows(script.len()).position(|part| part == script).unwrap();
    bytes[at + 13] = b'x';
    fs::write(&path, bytes).unwrap();
    let outcome = trade.run(&["upgrade", "--release", "1.release"]);
    assert_eq!(outcome.code, 11);
    assert!(
        outcome.stderr.contains("is not what the file contains"),
        "{}",
        outcome.stderr
    );
    assert_eq!(trade.operator.sql("SELECT to_regclass('a1') IS NULL"), "t");
}

#[test]
fn an_older_release_is_refused() {
    let trade = Trade::new(RULE);
    let (old, new) = (trade.signed(1), trade.signed(2));
    trade.run(&["upgrade", "a1", "--release", &new]).ok();
    assert_snapshot!(trade.run(&["upgrade", "--release", &old]).shown(), @"
    exit 11
    error: PROJECT/1.release has the serial 1, but test was migrated with the serial 2 of climate already
    fault: the command, the configuration or the environment
    hint: use the latest release, or add --allow-rollback if the older one is intended
    ");
    trade.run(&["upgrade", "--release", &old, "--allow-rollback"]).ok();
    assert_eq!(trade.records(), "climate|1.0|2|enforce|t|t\nclimate|1.0|1|enforce|t|t");
    // The highest serial counts, not the last one.
    assert_eq!(trade.run(&["upgrade", "--release", &old]).code, 11);
}

#[test]
fn a_clock_that_was_set_back_is_noticed() {
    let trade = Trade::new(RULE);
    let release = trade.signed(1);
    trade.run(&["upgrade", "a1", "--release", &release]).ok();
    trade
        .operator
        .sql("UPDATE mighost_version_release SET at = at + interval '2 hours'");
    trade.run(&["upgrade", "a1", "--release", &release]).ok();
    trade
        .operator
        .sql("UPDATE mighost_version_release SET at = '2126-01-01 00:00:00Z'");
    assert_snapshot!(trade.run(&["upgrade", "--release", &release]).shown(), @"
    exit 11
    error: the clock of this machine is behind: test was last migrated at 2126-01-01T00:00:00Z
    fault: the command, the configuration or the environment
    hint: set the clock: signatures are judged by it
    hint: or, if the clock of the server was ahead, add --allow-untrusted
    ");
}

#[test]
fn what_was_applied_stays_verifiable() {
    let trade = Trade::new(&format!("{RULE}valid-before = \"20260101Z\"\n"));
    let release = trade.signed(1);
    assert_snapshot!(trade.run(&["verify", &release]).shown(), @"
    exit 11
    error: PROJECT/1.release is refused: vendor of PROJECT/etc/trust.toml expired at 2026-01-01T00:00:00Z
    fault: the command, the configuration or the environment
    hint: extend valid-before of the rule in PROJECT/etc/trust.toml
    ");
    trade.run(&["verify", &release, "--at", "20251231Z"]).ok();
    assert_eq!(trade.run(&["verify", &release, "--at", "yesterday"]).code, 2);
}

#[test]
fn the_next_serial_comes_from_the_previous_release() {
    let trade = Trade::new(RULE);
    let first = trade.file(&trade.signed(7));
    let next = trade.file("next.release");
    let (first, next) = (first.to_str().unwrap(), next.to_str().unwrap());
    let arguments = ["release", "-o", next, "--version", "1.1", "--previous", first];
    let outcome = trade
        .vendor
        .run(&[&arguments[..], &["--project", "climate", "--json"]].concat())
        .ok();
    assert!(outcome.stdout.contains("\"serial\": 8"), "{}", outcome.stdout);
    assert_snapshot!(trade.vendor.run(&[&arguments[..], &["--project", "other"]].concat()).shown().replace(first, "7.release"), @"
    exit 2
    error: 7.release is a release of the project climate, not of other
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn a_database_that_was_migrated_under_a_policy_keeps_to_it() {
    let trade = Trade::new(RULE);
    let release = trade.signed(1);
    trade.run(&["upgrade", "a1", "--release", &release]).ok();
    trade
        .operator
        .sql_migration("a1", &[], "CREATE TABLE a1 (id int);", "DROP TABLE a1;");
    trade
        .operator
        .sql_migration("b2", &["a1"], "CREATE TABLE b2 (id int);", "DROP TABLE b2;");
    for arguments in [&["show", "a1", "-i"][..], &["current", "-v"]] {
        let shown = trade.operator.run(arguments).ok().stdout;
        assert!(shown.contains("\nSigned:   release@vendor.example SHA256:"), "{shown}");
    }
    // No policy, a weaker one, and none that is asked.
    assert_snapshot!(trade.operator.run(&["upgrade"]).shown(), @"
    exit 11
    building 1/2 a1_a1 (sql)
    building 2/2 b2_b2 (sql)
    error: test was last migrated under a policy that is enforced, and this run is not
    fault: the command, the configuration or the environment
    hint: run a signed release under a policy whose level for this database is enforce
    hint: or add --allow-untrusted to run it anyway
    ");
    trade.policy(&format!("level = \"audit\"\n{RULE}"));
    assert_eq!(trade.run(&["upgrade", "--release", &release]).code, 11);
    assert_eq!(
        trade
            .operator
            .run(&["upgrade", "--release", &release, "--unverified"])
            .code,
        11
    );
    trade.run(&["upgrade", "--release", &release, "--allow-untrusted"]).ok();
    assert_eq!(trade.records(), "climate|1.0|1|enforce|t|t\nclimate|1.0|1|audit|t|t");
    // What was allowed once is not allowed for good.
    assert_eq!(trade.run(&["downgrade", "base", "--release", &release]).code, 11);
}

#[test]
fn sources_are_not_signed() {
    let trade = Trade::new(RULE);
    trade
        .operator
        .sql_migration("a1", &[], "CREATE TABLE a1 (id int);", "DROP TABLE a1;");
    assert_snapshot!(trade.run(&["upgrade"]).shown(), @"
    exit 11
    building 1/1 a1_a1 (sql)
    error: the policy PROJECT/etc/trust.toml is enforced on test, and the sources of a project are not signed
    fault: the command, the configuration or the environment
    hint: run a release: --release FILE; set the level of a database for development to audit
    hint: or add --allow-untrusted to run the sources anyway
    ");
    trade.run(&["upgrade", "--allow-untrusted"]).ok();
    trade.policy("[databases.test]\nlevel = \"audit\"\n");
    trade.run(&["downgrade", "base"]).ok();
    // Without a policy, as before.
    trade.operator.run(&["upgrade"]).ok();
}

#[test]
fn the_level_audit_warns() {
    let trade = Trade::new("level = \"audit\"\n");
    let release = trade.signed(1);
    assert_snapshot!(trade.shown(&trade.run(&["upgrade", "--release", &release]).ok()), @"
    exit 0
    warning: no rule of PROJECT/etc/trust.toml covers the project climate on the database test (level audit: the run continues)
    [1/2] upgrade a1 about a1 (T)
    [2/2] upgrade b2 about b2 (T)
    test upgraded by 2 revisions in T, now at b2
    ");
    assert_eq!(trade.records(), "climate|1.0|1|audit|t|f");
}

#[test]
fn two_signatures_are_two_keys() {
    let two = RULE.replace("signers = [", "threshold = 2\nsigners = [\"security@vendor.example\", ");
    let trade = Trade::new(&two);
    let release = trade.signed(1);
    assert_snapshot!(trade.shown(&trade.run(&["verify", &release])), @"
    exit 11
    error: PROJECT/1.release is refused: vendor of PROJECT/etc/trust.toml asks for 2 of: security@vendor.example, release@vendor.example; release@vendor.example signed with the key KEY
    fault: the command, the configuration or the environment
    hint: ask for another signature: `mighost sign` adds one to the same file
    ");
    let file = trade.file(&release);
    assert_snapshot!(trade.shown(&trade.vendor.run(&["sign", file.to_str().unwrap(), "--key", "release"])).replace(file.to_str().unwrap(), "1.release"), @"
    exit 11
    error: 1.release: the key KEY signed twice; one key counts once, so remove one of its signatures
    fault: the command, the configuration or the environment
    ");
    trade
        .vendor
        .run(&["sign", file.to_str().unwrap(), "--key", "security"])
        .ok();
    trade.run(&["verify", &release]).ok();
    trade.run(&["upgrade", "--release", &release]).ok();
}

#[test]
fn a_policy_that_others_can_write_is_not_used() {
    let trade = Trade::new(RULE);
    let release = trade.signed(1);
    fs::set_permissions(trade.file("etc/trust.toml"), Permissions::from_mode(0o666)).unwrap();
    assert_snapshot!(trade.run(&["upgrade", "--release", &release]).shown(), @"
    exit 11
    error: PROJECT/etc/trust.toml can be changed by others (mode 0666), so it cannot be trusted
    fault: the command, the configuration or the environment
    hint: run `chmod go-w PROJECT/etc/trust.toml`, or mount it read-only
    ");
    // A link is as good as the folder that it is in.
    fs::set_permissions(trade.file("etc/trust.toml"), Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(trade.file("shared")).unwrap();
    std::os::unix::fs::symlink(trade.file("etc/trust.toml"), trade.file("shared/trust.toml")).unwrap();
    fs::copy(trade.file("etc/allowed_signers"), trade.file("shared/allowed_signers")).unwrap();
    fs::set_permissions(trade.file("shared"), Permissions::from_mode(0o777)).unwrap();
    let linked = trade.file("shared/trust.toml");
    let linked = ["upgrade", "--release", &release, "--trust", linked.to_str().unwrap()];
    let refused = trade.operator.run(&linked);
    assert_eq!(refused.code, 11, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("shared can be changed by others"),
        "{}",
        refused.stderr
    );
    // Nor is one of the project or the working folder: only the option, the variable and the machine name one.
    trade.operator.write("trust.toml", format!("format = 1\n{RULE}"));
    assert_eq!(trade.operator.run(&["upgrade", "--release", &release]).code, 11);
}

#[test]
fn an_artifact_is_signed_beside_or_inside() {
    let trade = Trade::new(RULE);
    trade.vendor.run(&["build"]).ok();
    let built = trade.vendor.path().join(".mighost/build");
    let artifact = find(&built, "a1");
    fs::copy(artifact, trade.vendor.path().join("a1.wasm")).unwrap();
    trade.vendor.run(&["sign", "a1.wasm", "--key", "release"]).ok();
    for name in ["a1.wasm", "a1.wasm.sig"] {
        fs::rename(trade.vendor.path().join(name), trade.file(name)).unwrap();
    }
    // The rule names a project, which an artifact does not.
    assert_snapshot!(trade.shown(&trade.run(&["verify", "a1.wasm"])), @"
    exit 11
    error: PROJECT/a1.wasm is refused: no rule of PROJECT/etc/trust.toml covers an artifact without a project
    fault: the command, the configuration or the environment
    hint: if you trust its author here, add a rule to PROJECT/etc/trust.toml
    ");
    trade
        .run(&["verify", "a1.wasm", "--project", "climate", "-x", "db=prod"])
        .ok();

    let key = trade.vendor.path().join("release");
    let sign = ["sign", "a1.wasm", "--embed", "--key", key.to_str().unwrap()];
    let refused = trade.operator.run(&sign);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("would not match after"), "{}", refused.stderr);
    fs::remove_file(trade.file("a1.wasm.sig")).unwrap();
    trade.operator.run(&sign).ok();
    trade.run(&["verify", "a1.wasm", "--project", "climate"]).ok();
    assert_snapshot!(trade.shown(&trade.operator.run(&sign)), @"
    exit 11
    error: PROJECT/a1.wasm: the key KEY signed twice; one key counts once, so remove one of its signatures
    fault: the command, the configuration or the environment
    ");
    let inspected = trade.operator.run(&["inspect", "a1.wasm"]).ok();
    assert!(inspected.stdout.contains("\nsigned   SHA256:"), "{}", inspected.stdout);
    let mut bytes = fs::read(trade.file("a1.wasm")).unwrap();
    let at = bytes.windows(6).position(|part| part == b"CREATE").unwrap();
    bytes[at] = b'c';
    fs::write(trade.file("a1.wasm"), bytes).unwrap();
    assert_snapshot!(trade.shown(&trade.run(&["verify", "a1.wasm", "--project", "climate"])), @"
    exit 11
    error: PROJECT/a1.wasm: the signature of the key KEY does not match: the file is not the one that was signed, or the signature was changed
    fault: the command, the configuration or the environment
    ");
}

/// The artifact of a revision below `folder`.
fn find(folder: &std::path::Path, revision: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = entries.filter_map(|path| match path.is_dir() {
        true => Some(find(&path, revision)).filter(|path| path.is_file()),
        false => Some(path),
    });
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(revision) && name.ends_with(".wasm")
    };
    found.find(is_it).unwrap_or_default()
}

#[test]
fn the_policy_is_written_shown_and_checked() {
    let trade = Trade::new(&format!(
        "{RULE}databases = [\"prod\", \"stage-*\"]\n\n[databases.dev]\nlevel = \"audit\"\n"
    ));
    let release = trade.signed(1);
    let shown = trade.run(&["trust", "show"]).ok();
    assert!(
        shown.stdout.contains("1 of: release@vendor.example"),
        "{}",
        shown.stdout
    );
    let checked = trade.run(&["trust", "check", &release]).ok();
    let lines: Vec<_> = checked.stdout.lines().filter(|line| line.contains(": ")).collect();
    assert_snapshot!(lines.join("\n").replace(trade.operator.path().to_str().unwrap(), "DIR"), @"
    dev: only a warning: no rule of DIR/etc/trust.toml covers the project climate on the database dev
    prod: accepted by vendor: release@vendor.example
    any other: refused: no rule of DIR/etc/trust.toml covers the project climate on databases that it does not name
    ");
    for arguments in [
        &["trust", "show"][..],
        &["trust", "check", &release],
        &["verify", &release],
    ] {
        let outcome = trade.run(&[arguments, &["--json"]].concat()).ok();
        let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert!(json["policy"].as_str().unwrap().ends_with("etc/trust.toml"), "{json}");
    }
    trade.operator.run(&["trust", "init", "new"]).ok();
    assert_eq!(
        fs::metadata(trade.file("new/trust.toml")).unwrap().permissions().mode() & 0o777,
        0o644
    );
    trade.operator.run(&["trust", "show", "--trust", "new/trust.toml"]).ok();
    assert_snapshot!(trade.operator.run(&["trust", "init", "new"]).shown(), @"
    exit 2
    error: PROJECT/new/trust.toml exists already
    fault: the command, the configuration or the environment
    ");
}
