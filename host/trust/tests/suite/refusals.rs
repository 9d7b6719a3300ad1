//! The text of each refusal: which rule, which key, what to change.

use std::path::Path;

use jiff::tz::TimeZone;
use mighost_trust::sshsig::verify_all;
use mighost_trust::{AllowedSigners, Key, RevokedKeys};

use crate::bench::{Bench, Case, MESSAGE, NAMESPACE, PRINCIPAL, armored};

/// The text, with the fingerprint of the key `a` as KEY.
fn refused(bench: &Bench, case: &Case<'_>) -> String {
    let fingerprint = Key::from_line(&bench.public("a")).unwrap().fingerprint();
    case.ours().unwrap_err().replace(&fingerprint, "KEY")
}

#[test]
fn a_signer_that_is_not_allowed_is_named() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    let signature = bench.sign("a");
    let shown = |allowed: &str| refused(&bench, &Case::new(&allowed.replace("K", &key), &signature));
    insta::assert_snapshot!(shown(""), @"no line of allowed_signers has the key KEY");
    insta::assert_snapshot!(shown("\nother@vendor.example K"), @"allowed_signers allows the key KEY as other@vendor.example, not as release@vendor.example");
    insta::assert_snapshot!(shown("* namespaces=\"git\" K"), @"allowed_signers:1 allows the key KEY, principal release@vendor.example, in the namespaces git, not in mighost-artifact");
    insta::assert_snapshot!(shown("* valid-after=\"20270101Z\" K"), @"allowed_signers:1 allows the key KEY, principal release@vendor.example, only after 2027-01-01T00:00:00Z");
    insta::assert_snapshot!(shown("* valid-before=\"20260101Z\" K"), @"allowed_signers:1 allows the key KEY, principal release@vendor.example, only until 2026-01-01T00:00:00Z");
    // The line that comes closest is named.
    insta::assert_snapshot!(shown("other@vendor.example K\n* valid-before=\"20260101Z\" K"), @"allowed_signers:2 allows the key KEY, principal release@vendor.example, only until 2026-01-01T00:00:00Z");
}

#[test]
fn a_certificate_that_is_not_allowed_is_named() {
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    let allowed = format!("* cert-authority {}", bench.key("ca", &["ed25519"]));
    let shown = |options: &[&str]| {
        bench.certify("ca", "a", options);
        let signature = bench.sign("a-cert.pub");
        refused(&bench, &Case::new(&allowed, &signature))
    };
    insta::assert_snapshot!(shown(&[]), @"the certificate of the key KEY names no principals, so it cannot sign as release@vendor.example; issue one with `ssh-keygen -s CA -n release@vendor.example`");
    insta::assert_snapshot!(shown(&["-n", "a@b,c@d"]), @"the certificate of the key KEY is for a@b, c@d, not for release@vendor.example");
    insta::assert_snapshot!(shown(&["-n", PRINCIPAL, "-V", "20250101Z:20260101Z"]), @"the certificate of the key KEY, principal release@vendor.example, expired at 2026-01-01T00:00:00Z");
    insta::assert_snapshot!(shown(&["-n", PRINCIPAL, "-V", "20270101Z:20280101Z"]), @"the certificate of the key KEY, principal release@vendor.example, is not valid before 2027-01-01T00:00:00Z");
    insta::assert_snapshot!(shown(&["-n", PRINCIPAL, "-h"]), @"it is a host certificate; signers need a user certificate (`ssh-keygen -s` without -h)");
}

#[test]
fn a_certificate_that_its_authority_did_not_sign_is_refused() {
    use base64::Engine as _;
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    bench.key("ca", &["ed25519"]);
    bench.certify("ca", "a", &["-n", PRINCIPAL]);
    let signature = String::from_utf8(bench.sign("a-cert.pub")).unwrap();
    let lines: Vec<&str> = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let mut frame = base64::prelude::BASE64_STANDARD.decode(lines.concat()).unwrap();
    let at = frame
        .windows(PRINCIPAL.len())
        .position(|part| part == PRINCIPAL.as_bytes())
        .unwrap();
    frame[at] = b'R';
    insta::assert_snapshot!(verify_all(&armored(&frame), NAMESPACE, MESSAGE).unwrap_err(), @"the certificate was not signed by the authority that it names: the signature does not match");
}

#[test]
fn a_signature_that_does_not_hold_is_named() {
    let bench = Bench::new();
    let allowed = format!("* {}", bench.key("a", &["ed25519"]));
    let signature = bench.sign("a");
    let shown = |signature: &[u8]| refused(&bench, &Case::new(&allowed, signature));
    let mut other = Case::new(&allowed, &signature);
    other.message = b"another";
    insta::assert_snapshot!(refused(&bench, &other), @"the signature of the key KEY does not match: the file is not the one that was signed, or the signature was changed");
    insta::assert_snapshot!(shown(&bench.sign_in("a", "git", &[])), @"the signature is for the namespace git, not for mighost-artifact: it was made for another purpose; sign again with `mighost sign`");
    insta::assert_snapshot!(shown(b"hello"), @"there is no signature: it does not begin with -----BEGIN SSH SIGNATURE-----; sign with `mighost sign` or `ssh-keygen -Y sign`");
    insta::assert_snapshot!(shown(&signature[..80]), @"the signature is malformed: its last line is missing");
    insta::assert_snapshot!(shown(&[signature.clone(), signature.clone()].concat()), @"the key KEY signed twice; one key counts once, so remove one of its signatures");
    insta::assert_snapshot!(shown(&signature.repeat(17)), @"there are more than 16 signatures");
    insta::assert_snapshot!(shown(&vec![b'\n'; (1 << 20) + 1]), @"signatures take at most 1048576 bytes, and here are 1048577");
}

#[test]
fn a_frame_that_says_something_else_is_named() {
    use base64::Engine as _;
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    let signature = String::from_utf8(bench.sign("a")).unwrap();
    let lines: Vec<&str> = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let frame = base64::prelude::BASE64_STANDARD.decode(lines.concat()).unwrap();
    let with = |from: &[u8], to: &[u8]| {
        let at = frame.windows(from.len()).position(|part| part == from).unwrap();
        let frame = [&frame[..at], to, &frame[at + from.len()..]].concat();
        let error = verify_all(&armored(&frame), NAMESPACE, MESSAGE)
            .unwrap_err()
            .to_string();
        error.replace(&Key::from_line(&bench.public("a")).unwrap().fingerprint(), "KEY")
    };
    insta::assert_snapshot!(with(b"SSHSIG\0\0\0\x01", b"SSHSIG\0\0\0\x02"), @"the signature has version 2 of the format, and this version of mighost reads version 1");
    insta::assert_snapshot!(with(b"SSHSIG", b"SSHSIX"), @"the signature is malformed: it does not begin with SSHSIG");
    insta::assert_snapshot!(with(b"\0\0\0\x06sha512", b"\0\0\0\x03md5"), @"the hash md5 is not accepted; use sha256 or sha512");
    insta::assert_snapshot!(with(b"\0\0\0\0\0\0\0\x06sha512", b"\0\0\0\x01x\0\0\0\x06sha512"), @"the signature is malformed: its reserved field is not empty");
    insta::assert_snapshot!(with(b"ssh-ed25519", b"ssh-ed99999"), @"the signing key is refused: keys of the type ssh-ed99999 are not supported; use Ed25519, ECDSA or RSA");
    // The second occurrence is the signature's.
    let raw = b"\0\0\0\x53\0\0\0\x0bssh-ed25519\0\0\0\x40";
    insta::assert_snapshot!(with(raw, b"\0\0\0\x4f\0\0\0\x07ssh-rsa\0\0\0\x40"), @"RSA signatures with SHA-1 (ssh-rsa) are not accepted; sign with rsa-sha2-512, which OpenSSH uses since 7.2 (key KEY)");
    insta::assert_snapshot!(with(raw, b"\0\0\0\x53\0\0\0\x0bssh-ed44444\0\0\0\x40"), @"a signature of the type ssh-ed44444 does not belong to a key of the type ssh-ed25519 (key KEY)");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let allowed = |text: &[u8]| AllowedSigners::parse(Path::new("allowed_signers"), text, &TimeZone::UTC).unwrap_err();
    insta::assert_snapshot!(allowed(b"# a\n* b c"), @"allowed_signers:2: the option b is unknown; known are cert-authority, namespaces, valid-after and valid-before");
    insta::assert_snapshot!(allowed(b"\"a b"), @"allowed_signers:1: a quotation mark is not closed");
    insta::assert_snapshot!(allowed(b"* namespaces=\"a ssh-ed25519 AAAA"), @"allowed_signers:1: a quotation mark is not closed");
    insta::assert_snapshot!(allowed(b"* valid-after=\"soon\" ssh-ed25519 AAAA"), @"allowed_signers:1: the time of valid-after is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with or without Z at the end");
    insta::assert_snapshot!(allowed(b"* ssh-ed25519 AAAA"), @"allowed_signers:1: it is not a public key as OpenSSH writes it: it is cut off");
    insta::assert_snapshot!(allowed(b"\xff"), @"allowed_signers is not text in UTF-8");
    insta::assert_snapshot!(allowed(&vec![b'\n'; (4 << 20) + 1]), @"allowed_signers has 4194305 bytes; allowed signers may have at most 4194304");
    let revoked = |text: &[u8]| RevokedKeys::parse(Path::new("revoked_keys"), text).unwrap_err();
    insta::assert_snapshot!(revoked(b"SSHKRL\n\0\0\0"), @"revoked_keys is a KRL, which mighost does not read; write the public keys themselves, and those of revoked authorities, one on a line");
    insta::assert_snapshot!(revoked(b"\nSHA256:abc\n"), @"revoked_keys:2: it is not a public key as OpenSSH writes it: a key is a type and its encoding, separated by a space");
    insta::assert_snapshot!(revoked(b"\xff"), @"revoked_keys is not text in UTF-8");
}

#[test]
fn a_revoked_signer_is_named() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    let authority = bench.key("ca", &["ed25519"]);
    bench.certify("ca", "a", &["-n", PRINCIPAL]);
    let allowed = format!("* {key}\n* cert-authority {authority}");
    let named = Key::from_line(&authority).unwrap().fingerprint();
    let shown = |signature: &[u8], revoked: &str| {
        let mut case = Case::new(&allowed, signature);
        case.revoked = Some(revoked.as_bytes());
        refused(&bench, &case).replace(&named, "AUTHORITY")
    };
    insta::assert_snapshot!(shown(&bench.sign("a"), &format!("# stolen\n{key}")), @"the key KEY is revoked in revoked_keys:2");
    insta::assert_snapshot!(shown(&bench.sign("a-cert.pub"), &authority), @"the key KEY has a certificate of AUTHORITY, which is revoked in revoked_keys:1");
}
