//! What ssh-keygen accepts and mighost does not. Everything here is deliberate.

use crate::bench::{Bench, Case, PRINCIPAL, token};

/// Checks that only mighost refuses, and returns why.
fn only_mighost_refuses(case: &Case<'_>) -> String {
    assert!(case.theirs(), "ssh-keygen accepts it");
    case.ours().unwrap_err()
}

/// Fingerprints differ in each run.
fn without_fingerprints(text: &str) -> String {
    let mut shown = String::new();
    for (number, part) in text.split("SHA256:").enumerate() {
        let rest = if number == 0 {
            part
        } else {
            part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/".contains(c))
        };
        shown.push_str(if number == 0 { "" } else { "SHA256:..." });
        shown.push_str(rest);
    }
    shown
}

#[test]
fn weak_keys_are_refused_by_name() {
    let bench = Bench::new();
    let short = bench.key("short", &["rsa", "-b", "2048"]);
    let allowed = format!("{PRINCIPAL} {short}\n");
    let reason = only_mighost_refuses(&Case::new(&allowed, &bench.sign("short")));
    insta::assert_snapshot!(without_fingerprints(&reason), @"the signing key is refused: RSA keys need at least 3072 bits, and SHA256:... has 2048; use a longer key, or an Ed25519 key");
}

#[test]
fn dsa_is_refused_by_name() {
    // Newer versions of ssh-keygen cannot make such a key any more.
    let blob = {
        let mut blob = Vec::new();
        for part in [&b"ssh-dss"[..], &[1; 20], &[1; 20], &[1; 20], &[1; 20]] {
            blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            blob.extend(part);
        }
        blob
    };
    insta::assert_snapshot!(mighost_trust::Key::from_blob(&blob).unwrap_err(), @"DSA keys are not accepted, because their signatures can be forged; use an Ed25519 key");
}

#[test]
fn tokens_must_be_touched() {
    let (key, signature) = token(0);
    let reason = only_mighost_refuses(&Case::new(&format!("{PRINCIPAL} {key}\n"), &signature));
    insta::assert_snapshot!(without_fingerprints(&reason), @"the FIDO token signed without being touched; create a key without the option no-touch-required, and touch the token (key SHA256:...)");
}

#[test]
fn nothing_follows_a_signature() {
    let bench = Bench::new();
    let allowed = format!("{PRINCIPAL} {}\n", bench.key("a", &["ed25519"]));
    let mut signature = bench.sign("a");
    signature.extend(b"more\n");
    let reason = only_mighost_refuses(&Case::new(&allowed, &signature));
    insta::assert_snapshot!(reason, @"the signature is malformed: text follows its last line");
}

#[test]
fn a_certificate_with_a_critical_option_does_not_sign() {
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    let allowed = format!("* cert-authority {}\n", bench.key("ca", &["ed25519"]));
    bench.certify("ca", "a", &["-n", PRINCIPAL, "-O", "force-command=/bin/true"]);
    let reason = only_mighost_refuses(&Case::new(&allowed, &bench.sign("a-cert.pub")));
    insta::assert_snapshot!(reason, @"the certificate has the critical option force-command, which limits it to something else than signing; issue one without it");
}

#[test]
fn a_line_that_cannot_be_read_counts_wherever_it_is() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    let signature = bench.sign("a");
    let after = format!("{PRINCIPAL} {key}\nother@vendor.example tyop {key}\n");
    insta::assert_snapshot!(only_mighost_refuses(&Case::new(&after, &signature)), @"allowed_signers:2: the option tyop is unknown; known are cert-authority, namespaces, valid-after and valid-before");
}
