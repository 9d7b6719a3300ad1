//! What mighost signs, ssh-keygen verifies.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;

use mighost_core::Secret;
use mighost_trust::sign::{SignError, sign};

use crate::bench::{Bench, Case, MESSAGE, NAMESPACE, PRINCIPAL, run};

fn never() -> Option<Secret> {
    panic!("the key is not encrypted")
}

#[test]
fn signatures_by_every_kind_of_key_are_accepted_by_ssh_keygen() {
    let bench = Bench::new();
    for (name, kind) in [
        ("ed25519", &["ed25519"][..]),
        ("p256", &["ecdsa", "-b", "256"]),
        ("p384", &["ecdsa", "-b", "384"]),
        ("p521", &["ecdsa", "-b", "521"]),
        ("rsa", &["rsa", "-b", "3072"]),
    ] {
        let allowed = format!("{PRINCIPAL} {}\n", bench.key(name, kind));
        let signed = sign(&bench.path(name), NAMESPACE, MESSAGE, &never).unwrap();
        let case = Case::new(&allowed, signed.armor.as_bytes());
        assert!(case.theirs(), "{name}");
        assert_eq!(case.ours(), Ok(()), "{name}");
    }
}

#[test]
fn signatures_with_a_certificate_go_through_ssh_keygen() {
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    let allowed = format!("* cert-authority {}\n", bench.key("ca", &["ed25519"]));
    bench.certify("ca", "a", &["-n", PRINCIPAL]);
    let signed = sign(&bench.path("a-cert.pub"), NAMESPACE, MESSAGE, &never).unwrap();
    let case = Case::new(&allowed, signed.armor.as_bytes());
    assert!(case.theirs());
    assert_eq!(case.ours(), Ok(()));
}

#[test]
fn an_encrypted_key_asks_for_its_passphrase_once() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    run(
        &["-q", "-p", "-P", "", "-N", "secret words", "-f", &bench.text("a")],
        b"",
    );
    let asked = Cell::new(0);
    let passphrase = || {
        asked.set(asked.get() + 1);
        Some(Secret::new("secret words"))
    };
    let signed = sign(&bench.path("a"), NAMESPACE, MESSAGE, &passphrase).unwrap();
    assert_eq!(asked.get(), 1);
    assert!(Case::new(&format!("* {key}\n"), signed.armor.as_bytes()).theirs());
    let wrong = sign(&bench.path("a"), NAMESPACE, MESSAGE, &|| Some(Secret::new("other")));
    assert!(matches!(wrong, Err(SignError::WrongPassphrase { .. })));
    assert!(matches!(
        sign(&bench.path("a"), NAMESPACE, MESSAGE, &|| None),
        Err(SignError::NoPassphrase { .. })
    ));
}

#[test]
fn keys_that_would_be_refused_do_not_sign() {
    let bench = Bench::new();
    bench.key("short", &["rsa", "-b", "2048"]);
    let refused = sign(&bench.path("short"), NAMESPACE, MESSAGE, &never);
    assert!(matches!(refused, Err(SignError::Refused { .. })), "{refused:?}");
}

#[test]
fn key_files_that_cannot_be_used_are_named() {
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    std::fs::set_permissions(bench.path("a"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let folder = bench.text("");
    let shown = |name: &str| {
        let error = sign(&bench.path(name), NAMESPACE, MESSAGE, &never).unwrap_err();
        error.to_string().replace(&folder, "")
    };
    insta::assert_snapshot!(shown("a"), @"the private key a can be read by others (mode 644)");
    insta::assert_snapshot!(shown("missing"), @"cannot read the key missing: No such file or directory (os error 2)");
    std::fs::write(bench.path("long"), vec![b'a'; 70_000]).unwrap();
    insta::assert_snapshot!(shown("long"), @"long is longer than 65536 bytes, so it is not a key");
    std::fs::write(bench.path("broken"), "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n").unwrap();
    std::fs::set_permissions(bench.path("broken"), std::fs::Permissions::from_mode(0o600)).unwrap();
    insta::assert_snapshot!(shown("broken"), @"ssh-keygen could not sign with broken; its message is above");
}
