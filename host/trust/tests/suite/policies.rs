//! What a policy says about signers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mighost_core::Digest;
use mighost_trust::policy::{Refusal, Subject};
use mighost_trust::sshsig::verify_all;
use mighost_trust::{Level, Policy, Signer, time};

use crate::bench::{Bench, MESSAGE, NAMESPACE};

/// A folder with the keys `a`, `b` and `c`, a policy and its allowed signers, where KEY is that of `a`, and so on.
struct Desk {
    bench: Bench,
    policy: Policy,
}

impl Desk {
    fn new(allowed: &str, policy: &str) -> Self {
        let bench = Bench::new();
        let mut allowed = allowed.to_owned();
        for name in ["a", "b", "c"] {
            let key = bench.key(name, &["ed25519"]);
            allowed = allowed.replace(&format!("KEY-{name}"), &key);
        }
        fs::write(bench.path("allowed_signers"), allowed).unwrap();
        fs::write(bench.path("revoked_keys"), bench.public("c")).unwrap();
        fs::write(bench.path("trust.toml"), format!("format = 1\n{policy}")).unwrap();
        let policy = Policy::read(&bench.path("trust.toml")).unwrap();
        Self { bench, policy }
    }

    fn signers(&self, names: &[&str]) -> Vec<Signer> {
        let signatures: Vec<_> = names.iter().map(|name| self.bench.sign(name)).collect();
        verify_all(&signatures.concat(), NAMESPACE, MESSAGE).unwrap()
    }

    /// The rule that accepts, or the refusal with its hint.
    fn judge(&self, subject: &Subject<'_>, names: &[&str]) -> Result<String, String> {
        let signers = match names {
            [] => Vec::new(),
            names => self.signers(names),
        };
        self.verdict(subject, &signers)
    }

    fn verdict(&self, subject: &Subject<'_>, signers: &[Signer]) -> Result<String, String> {
        let at = time::parse("20260601Z", &jiff::tz::TimeZone::UTC).unwrap();
        match self.policy.judge(subject, signers, at) {
            Ok(accepted) => Ok(format!("{}: {}", accepted.rule, accepted.signers.len())),
            Err(refusal) => Err(self.shown(&refusal)),
        }
    }

    /// Without what differs in each run.
    fn shown(&self, refusal: &Refusal) -> String {
        let mut text = format!("{refusal}\n{}", refusal.hint().unwrap_or_default());
        text = text.replace(&self.bench.text(""), "");
        for name in ["a", "b", "c"] {
            let key = mighost_trust::Key::from_line(&self.bench.public(name)).unwrap();
            text = text.replace(&key.fingerprint(), &format!("KEY-{name}"));
        }
        text
    }
}

const SUBJECT: Subject<'_> = Subject {
    namespace: NAMESPACE,
    project: Some("climate"),
    database: Some("prod"),
    branches: &[],
    digests: &[],
};

const ALLOWED: &str = "a@vendor.example KEY-a\nb@vendor.example KEY-b\nc@vendor.example KEY-c\n";

#[test]
fn a_rule_accepts_its_signers_for_its_projects_databases_and_branches() {
    let desk = Desk::new(
        ALLOWED,
        r#"
        [[rules]]
        name = "vendor"
        projects = ["climate", "crop-*"]
        databases = ["prod", "stage-?"]
        branches = ["vendor"]
        signers = ["a@vendor.example"]
        "#,
    );
    let branches = ["vendor".to_owned()];
    let subject = Subject {
        branches: &branches,
        ..SUBJECT
    };
    assert_eq!(desk.judge(&subject, &["a"]), Ok("vendor: 1".into()));
    for (accepted, project, database) in [
        (true, "crop-model", "stage-1"),
        (false, "cropmodel", "prod"),
        (false, "climate", "stage"),
        (false, "Climate", "prod"),
    ] {
        let (project, database) = (Some(project), Some(database));
        let subject = Subject {
            project,
            database,
            ..subject
        };
        assert_eq!(
            desk.judge(&subject, &["a"]).is_ok(),
            accepted,
            "{project:?} {database:?}"
        );
    }
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["a"]).unwrap_err(), @"
    no rule of trust.toml covers the project climate on the database prod
    if you trust its author here, add a rule to trust.toml
    ");
    let others = ["other".to_owned()];
    let subject = Subject {
        branches: &others,
        ..SUBJECT
    };
    insta::assert_snapshot!(desk.judge(&subject, &["a"]).unwrap_err(), @"
    no rule of trust.toml covers the project climate on the database prod and its branch other
    if you trust its author here, add a rule to trust.toml
    ");
    let subject = Subject {
        project: None,
        ..SUBJECT
    };
    insta::assert_snapshot!(desk.judge(&subject, &["a"]).unwrap_err(), @"
    no rule of trust.toml covers an artifact without a project on the database prod
    if you trust its author here, add a rule to trust.toml
    ");
}

#[test]
fn two_vendors_with_one_project_name_need_two_rules() {
    let desk = Desk::new(
        ALLOWED,
        "[[rules]]\nprojects = ['climate']\ndatabases = ['prod']\nsigners = ['a@vendor.example']\n\
         [[rules]]\nprojects = ['climate']\ndatabases = ['test']\nsigners = ['b@vendor.example']\n",
    );
    assert_eq!(desk.judge(&SUBJECT, &["a"]), Ok("rule 1: 1".into()));
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["b"]).unwrap_err(), @"
    rule 1 of trust.toml asks for 1 of: a@vendor.example; allowed_signers allows the key KEY-b as b@vendor.example, not as a@vendor.example
    if the key may sign as this principal, add the principal to its line
    ");
}

#[test]
fn a_threshold_counts_keys() {
    let rules = "revoked-keys = 'revoked_keys'\n[[rules]]\nname = 'two'\nthreshold = 2\n\
                 signers = ['a@vendor.example', 'b@vendor.example', 'c@vendor.example']\n";
    let desk = Desk::new(ALLOWED, rules);
    assert_eq!(desk.judge(&SUBJECT, &["a", "b"]), Ok("two: 2".into()));
    assert_eq!(desk.judge(&SUBJECT, &["a", "b", "c"]), Ok("two: 2".into()));
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["a"]).unwrap_err(), @"
    two of trust.toml asks for 2 of: a@vendor.example, b@vendor.example, c@vendor.example; a@vendor.example signed with the key KEY-a
    ask for another signature: `mighost sign` adds one to the same file
    ");
    // The key c is revoked.
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["a", "c"]).unwrap_err(), @"
    two of trust.toml asks for 2 of: a@vendor.example, b@vendor.example, c@vendor.example; a@vendor.example signed with the key KEY-a; the key KEY-c is revoked in revoked_keys:1
    ask for a signature with a key that is not revoked
    ");
}

#[test]
fn one_key_under_two_principals_counts_once() {
    let rules = "[[rules]]\nname = 'two'\nthreshold = 2\nsigners = ['a@vendor.example', 'b@vendor.example']\n";
    let desk = Desk::new("a@vendor.example KEY-a\nb@vendor.example KEY-a\n", rules);
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["a"]).unwrap_err(), @"
    two of trust.toml asks for 2 of: a@vendor.example, b@vendor.example; a@vendor.example signed with the key KEY-a
    ask for another signature: `mighost sign` adds one to the same file
    ");
    let twice = [desk.signers(&["a"]), desk.signers(&["a"])].concat();
    insta::assert_snapshot!(desk.verdict(&SUBJECT, &twice).unwrap_err(), @"
    two of trust.toml asks for 2 of: a@vendor.example, b@vendor.example; a@vendor.example signed with the key KEY-a
    ask for another signature: `mighost sign` adds one to the same file
    ");
}

#[test]
fn what_is_unsigned_unknown_or_revoked_is_refused() {
    let digest = Digest::of(b"a release");
    let rules = format!("revoked-digests = ['{digest}']\n[[rules]]\nsigners = ['a@vendor.example']\n");
    let desk = Desk::new(ALLOWED, &rules);
    insta::assert_snapshot!(desk.judge(&SUBJECT, &[]).unwrap_err(), @"
    it is not signed, and trust.toml accepts only what is signed
    ask its author for a signature; `mighost sign` makes one
    ");
    insta::assert_snapshot!(desk.judge(&SUBJECT, &["b"]).unwrap_err(), @"
    rule 1 of trust.toml asks for 1 of: a@vendor.example; allowed_signers allows the key KEY-b as b@vendor.example, not as a@vendor.example
    if the key may sign as this principal, add the principal to its line
    ");
    let digests = [Digest::of(b"another"), digest];
    let subject = Subject {
        digests: &digests,
        ..SUBJECT
    };
    insta::assert_snapshot!(desk.judge(&subject, &["a"]).unwrap_err(), @"
    e9edfb8e46f891370bda2772760ae14bc1572a2ce9263368cd5282dac3241eb8 is revoked in trust.toml
    it was revoked on purpose; ask its author for a newer one
    ");
}

#[test]
fn a_rule_has_a_time() {
    let rule = |limit: &str| {
        let desk = Desk::new(
            ALLOWED,
            &format!("[[rules]]\nname = 'r'\nsigners = ['a@vendor.example']\n{limit}\n"),
        );
        desk.judge(&SUBJECT, &["a"])
    };
    assert!(rule("valid-after = '20260101Z'\nvalid-before = '20270101Z'").is_ok());
    insta::assert_snapshot!(rule("valid-after = '20270101Z'").unwrap_err(), @"
    r of trust.toml is not valid before 2027-01-01T00:00:00Z
    check the clock of this machine, or wait
    ");
    insta::assert_snapshot!(rule("valid-before = '20260101Z'").unwrap_err(), @"
    r of trust.toml expired at 2026-01-01T00:00:00Z
    extend valid-before of the rule in trust.toml
    ");
}

#[test]
fn a_label_has_its_own_level() {
    let desk = Desk::new(ALLOWED, "[databases.dev]\nlevel = 'audit'\n");
    assert_eq!(desk.policy.level(Some("dev")), Level::Audit);
    assert_eq!(desk.policy.level(Some("prod")), Level::Enforce);
    assert_eq!(desk.policy.level(None), Level::Enforce);
}

#[test]
fn a_policy_that_changes_during_a_run_is_noticed() {
    for file in ["trust.toml", "allowed_signers", "revoked_keys"] {
        let desk = Desk::new(ALLOWED, "revoked-keys = 'revoked_keys'\n");
        desk.policy.check_unchanged().unwrap();
        let path = desk.bench.path(file);
        let mut contents = fs::read(&path).unwrap();
        contents.extend(b"\n# more\n");
        fs::write(&path, contents).unwrap();
        let error = desk.policy.check_unchanged().unwrap_err().to_string();
        let named = format!("the policy {}trust.toml changed during this run", desk.bench.text(""));
        assert_eq!(error, named, "{file}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o022, 0);
    }
}
