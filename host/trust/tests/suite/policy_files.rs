//! Policies that are not used: malformed ones, and those that others could have changed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use mighost_core::Diagnostic;
use mighost_trust::Policy;
use mighost_trust::policy::{PolicySource, TEMPLATE};
use proptest::prelude::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(policy: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("trust.toml"), policy).unwrap();
        fs::write(folder.path("allowed_signers"), "").unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The failure and its hints.
    fn refused(&self) -> String {
        self.shown(&Policy::read(&self.path("trust.toml")).unwrap_err())
    }

    fn shown(&self, error: &mighost_trust::PolicyError) -> String {
        let diagnostic = Diagnostic::from(error);
        let text = [vec![diagnostic.what], diagnostic.hints].concat().join("\n");
        text.replace(self.0.path().to_str().unwrap(), "DIR")
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_template_is_a_policy() {
    let folder = Folder::new(TEMPLATE);
    let policy = Policy::read(&folder.path("trust.toml")).unwrap();
    assert!(policy.rules.is_empty());
    // So is what it explains.
    let whole: String = TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let folder = Folder::new(&whole);
    fs::write(folder.path("revoked_keys"), "").unwrap();
    let policy = Policy::read(&folder.path("trust.toml")).unwrap();
    assert_eq!(policy.rules[0].threshold, 2);
    assert_eq!(policy.levels().len(), 1);
}

#[test]
fn a_malformed_policy_is_named() {
    let shown = |policy: &str| Folder::new(policy).refused();
    let rule = |keys: &str| shown(&format!("format = 1\n[[rules]]\nsigners = ['a']\n{keys}\n"));
    insta::assert_snapshot!(shown("format = 2\nnew-key = 1"), @"
    DIR/trust.toml has format 2, and this version of mighost reads format 1
    install a later version of mighost
    ");
    insta::assert_snapshot!(shown("format = 1\nlevle = 'audit'"), @"
    DIR/trust.toml: TOML parse error at line 2, column 1
      |
    2 | levle = 'audit'
      | ^^^^^
    unknown field `levle`, expected one of `format`, `allowed-signers`, `revoked-keys`, `revoked-digests`, `level`, `databases`, `rules`

    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("level = 'audit'"), @"
    DIR/trust.toml: TOML parse error at line 1, column 1
      |
    1 | level = 'audit'
      | ^
    missing field `format`

    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("format = 1\nlevel = 'off'"), @"
    DIR/trust.toml: TOML parse error at line 2, column 9
      |
    2 | level = 'off'
      |         ^^^^^
    unknown variant `off`, expected `audit` or `enforce`

    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("format = 1\n[[rules]]\nsigners = []"), @"
    DIR/trust.toml: rule 1: it has no signers
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("format = 1\n[[rules]]\nsigners = ['*@vendor.example']"), @"
    DIR/trust.toml: rule 1: signers are principals, not patterns; patterns are for allowed_signers
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(rule("threshold = 0"), @"
    DIR/trust.toml: rule 1: a threshold is at least 1
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(rule("databases = []"), @"
    DIR/trust.toml: rule 1: an empty list matches nothing; leave it out to match everything
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(rule("name = 'r'\nvalid-after = '2026-01-01'"), @"
    DIR/trust.toml: r: a time is YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with or without Z at the end
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(rule("valid-after = '20260102Z'\nvalid-before = '20260101Z'"), @"
    DIR/trust.toml: rule 1: valid-before is not after valid-after
    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(rule("database = ['prod']"), @"
    DIR/trust.toml: TOML parse error at line 4, column 1
      |
    4 | database = ['prod']
      | ^^^^^^^^
    unknown field `database`, expected one of `name`, `signers`, `projects`, `databases`, `branches`, `threshold`, `valid-after`, `valid-before`

    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("format = 1\nrevoked-digests = ['ab']"), @"
    DIR/trust.toml: TOML parse error at line 2, column 19
      |
    2 | revoked-digests = ['ab']
      |                   ^^^^^^
    a digest has 64 hexadecimal digits

    `mighost trust init` writes a policy with explanations
    ");
    insta::assert_snapshot!(shown("format = 1\nallowed-signers = 'missing'"), @"cannot read DIR/missing: No such file or directory (os error 2)");
    insta::assert_snapshot!(shown("format = 1\nrevoked-keys = 'missing'"), @"cannot read DIR/missing: No such file or directory (os error 2)");
    insta::assert_snapshot!(shown(&"#".repeat((1 << 20) + 1)), @"DIR/trust.toml has more than 1048576 bytes");
}

#[test]
fn files_that_others_can_change_are_refused() {
    for name in ["trust.toml", "allowed_signers", "revoked_keys"] {
        let folder = Folder::new("format = 1\nrevoked-keys = 'revoked_keys'\n");
        fs::write(folder.path("revoked_keys"), "").unwrap();
        for bits in [0o664, 0o646] {
            mode(&folder.path(name), bits);
            let expected = format!("DIR/{name} can be changed by others (mode {bits:04o}), so it cannot be trusted\n");
            assert!(folder.refused().starts_with(&expected), "{}", folder.refused());
        }
    }
}

#[test]
fn folders_that_others_can_change_are_refused() {
    let folder = Folder::new("format = 1\n");
    let inner = folder.path("etc");
    fs::create_dir(&inner).unwrap();
    for name in ["trust.toml", "allowed_signers"] {
        fs::rename(folder.path(name), inner.join(name)).unwrap();
    }
    let read = || Policy::read(&inner.join("trust.toml")).map(drop);
    read().unwrap();
    // The policy's own folder must not be, even if files in it cannot be replaced: others could add one that it names.
    mode(&inner, 0o1777);
    insta::assert_snapshot!(folder.shown(&read().unwrap_err()), @"
    DIR/etc can be changed by others (mode 1777), so it cannot be trusted
    run `chmod go-w DIR/etc`, or mount it read-only
    ");
    mode(&inner, 0o755);
    mode(folder.0.path(), 0o777);
    insta::assert_snapshot!(folder.shown(&read().unwrap_err()), @"
    DIR can be changed by others (mode 0777), so it cannot be trusted
    run `chmod go-w DIR`, or mount it read-only
    ");
    mode(folder.0.path(), 0o1777);
    read().unwrap();
}

#[test]
fn a_link_does_not_hide_the_folder_of_a_policy() {
    let folder = Folder::new("format = 1\n");
    let open = folder.path("open");
    fs::create_dir(&open).unwrap();
    fs::rename(folder.path("trust.toml"), open.join("trust.toml")).unwrap();
    mode(&open, 0o777);
    symlink(open.join("trust.toml"), folder.path("trust.toml")).unwrap();
    insta::assert_snapshot!(folder.refused(), @"
    DIR/open can be changed by others (mode 0777), so it cannot be trusted
    run `chmod go-w DIR/open`, or mount it read-only
    ");
}

#[test]
fn a_policy_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new("format = 1\n");
    chown(folder.path("trust.toml"), Some(12345), None).unwrap();
    insta::assert_snapshot!(folder.refused(), @"
    DIR/trust.toml belongs to the user 12345; a policy and its folders belong to root or to the user that runs mighost
    run `chown root DIR/trust.toml`, or mount it read-only
    ");
}

#[test]
fn what_is_not_a_file_is_refused() {
    let folder = Folder::new("");
    fs::remove_file(folder.path("trust.toml")).unwrap();
    insta::assert_snapshot!(folder.refused(), @"cannot read DIR/trust.toml: No such file or directory (os error 2)");
    fs::create_dir(folder.path("trust.toml")).unwrap();
    insta::assert_snapshot!(folder.refused(), @"DIR/trust.toml is not a regular file");
}

#[test]
fn the_option_comes_before_the_variable() {
    let (one, two) = (Folder::new("format = 1\n"), Folder::new("format = 1\n"));
    let (one, two) = (one.path("trust.toml"), two.path("trust.toml"));
    let found = |option: Option<&PathBuf>, variable: Option<&PathBuf>| {
        let source = PolicySource {
            option: option.cloned(),
            variable: variable.cloned(),
        };
        source.find().map(|policy| policy.unwrap().path)
    };
    assert_eq!(found(Some(&one), Some(&two)).unwrap(), one);
    assert_eq!(found(None, Some(&two)).unwrap(), two);
    // One that is named has to exist.
    assert!(found(None, Some(&one.join("missing"))).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in r#"(format = 1\n)?([a-z-]{1,9} = [\['"a-z0-9\]]{0,9}\n){0,3}(\[\[rules\]\]\nsigners = \['[a-z*]{0,3}'\]\n)?"#) {
        let folder = Folder::new(&text);
        let _ = Policy::read(&folder.path("trust.toml"));
    }
}
