//! The same files through `ssh-keygen -Y verify` and mighost give the same verdict.

use crate::bench::{Bench, Case, NOW, PRINCIPAL, keygen, run, token};

/// Compares the verdicts and checks that they are `expected`: `+` for accepted.
fn judge(name: &str, expected: char, case: &Case<'_>) {
    let ours = case.ours();
    assert_eq!(ours.is_ok(), expected == '+', "{name}: mighost: {ours:?}");
    assert_eq!(case.theirs(), expected == '+', "{name}: ssh-keygen");
}

#[test]
fn every_kind_of_key_verifies() {
    let bench = Bench::new();
    for (name, kind) in [
        ("ed25519", &["ed25519"][..]),
        ("p256", &["ecdsa", "-b", "256"]),
        ("p384", &["ecdsa", "-b", "384"]),
        ("p521", &["ecdsa", "-b", "521"]),
        ("rsa", &["rsa", "-b", "3072"]),
    ] {
        let allowed = format!("{PRINCIPAL} {}\n", bench.key(name, kind));
        let signature = bench.sign(name);
        judge(name, '+', &Case::new(&allowed, &signature));
        let mut case = Case::new(&allowed, &signature);
        case.message = b"other bytes";
        judge(&format!("{name}, other message"), '-', &case);
        let sha256 = bench.sign_in(name, crate::bench::NAMESPACE, &["-O", "hashalg=sha256"]);
        judge(&format!("{name}, sha256"), '+', &Case::new(&allowed, &sha256));
    }
    let (key, signature) = token(1);
    judge("token", '+', &Case::new(&format!("{PRINCIPAL} {key}\n"), &signature));
}

#[test]
fn lines_of_allowed_signers_mean_the_same() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    let other = bench.key("b", &["ed25519"]);
    let signature = bench.sign("a");
    let valid = |verdict, line: &str| (verdict, line.replace("KEY", &key).replace("OTHER", &other));
    for (expected, allowed) in [
        valid('+', "release@vendor.example KEY"),
        valid('-', "release@vendor.example OTHER"),
        valid('-', "Release@vendor.example KEY"),
        valid('+', "*@vendor.example KEY"),
        valid('+', "??????e@vendor.example KEY"),
        valid('-', "?@vendor.example KEY"),
        valid('-', "*@vendor.example,!release@* KEY"),
        valid('-', "!other@vendor.example KEY"),
        valid('+', "!other@vendor.example,* KEY"),
        valid('+', "a@b,release@vendor.example KEY"),
        valid('+', "\"release@vendor.example,with space\" KEY"),
        valid('-', "\"release@vendor.example KEY"),
        valid(
            '+',
            "# a comment\n\n   \n\trelease@vendor.example\tKEY a comment with spaces",
        ),
        valid('+', "release@vendor.example OTHER\nrelease@vendor.example KEY"),
        valid('+', "other@vendor.example KEY\nrelease@vendor.example KEY"),
        valid('+', "release@vendor.example KEY\r\n"),
        valid('+', "release@vendor.example namespaces=\"mighost-artifact\" KEY"),
        valid('-', "release@vendor.example namespaces=\"git\" KEY"),
        valid('+', "release@vendor.example namespaces=\"git,mighost-*\" KEY"),
        valid(
            '-',
            "release@vendor.example namespaces=\"mighost-*,!mighost-artifact\" KEY",
        ),
        valid('+', "release@vendor.example NameSpaces=\"mighost-artifact\" KEY"),
        valid('-', "release@vendor.example namespaces=mighost-artifact KEY"),
        valid(
            '-',
            "release@vendor.example namespaces=\"git\",namespaces=\"mighost-artifact\" KEY",
        ),
        valid(
            '-',
            "release@vendor.example namespaces=\"mighost-artifact\" namespaces=\"git\" KEY",
        ),
        valid('+', "release@vendor.example valid-after=\"20260101\" KEY"),
        valid('-', "release@vendor.example valid-after=\"20270101\" KEY"),
        valid('-', "release@vendor.example valid-before=\"20260101\" KEY"),
        valid('+', "release@vendor.example valid-before=\"20270101\" KEY"),
        valid(
            '+',
            "release@vendor.example valid-after=\"20260531235959Z\",valid-before=\"20260601000000Z\" KEY",
        ),
        // Local times are those of Tokyo, nine hours ahead.
        valid('-', "release@vendor.example valid-before=\"202606010859\" KEY"),
        valid('+', "release@vendor.example valid-before=\"202606010901\" KEY"),
        valid('-', "release@vendor.example valid-before=\"202605312359Z\" KEY"),
        valid(
            '-',
            "release@vendor.example valid-after=\"20260101\",valid-before=\"20250101\" KEY",
        ),
        valid('-', "release@vendor.example valid-after=\"2026\" KEY"),
        valid(
            '-',
            "release@vendor.example valid-after=\"20260101\",valid-after=\"20260102\" KEY",
        ),
        valid('-', "release@vendor.example no-such-option KEY"),
        valid('-', "release@vendor.example namespaces=\"mighost-artifact\", KEY"),
        valid('-', "release@vendor.example cert-authority KEY"),
        valid('-', "release@vendor.example"),
        valid('-', "release@vendor.example ssh-ed25519"),
        valid('-', "release@vendor.example ssh-ed25519 AAAA"),
        valid('-', ""),
    ] {
        judge(&allowed, expected, &Case::new(&format!("{allowed}\n"), &signature));
    }
}

#[test]
fn namespaces_and_damaged_signatures_are_judged_the_same() {
    let bench = Bench::new();
    let allowed = format!("{PRINCIPAL} {}\n", bench.key("a", &["ed25519"]));
    let git = bench.sign_in("a", "git", &[]);
    judge("a signature of git", '-', &Case::new(&allowed, &git));
    let signature = bench.sign("a");
    let mut case = Case::new(&allowed, &signature);
    case.principal = "other@vendor.example";
    judge("another principal", '-', &case);
    judge("cut off", '-', &Case::new(&allowed, &signature[..signature.len() / 2]));
    judge("empty", '-', &Case::new(&allowed, b""));
    judge("no armor", '-', &Case::new(&allowed, b"hello"));
    for at in [60, 120, 200, 260] {
        let mut flipped = signature.clone();
        flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
        judge("flipped", '-', &Case::new(&allowed, &flipped));
    }
}

#[test]
fn certificates_are_judged_the_same() {
    let bench = Bench::new();
    let plain = bench.key("a", &["ed25519"]);
    let authority = bench.key("ca", &["ed25519"]);
    let stranger = bench.key("stranger", &["ed25519"]);
    let rsa = bench.key("ca-rsa", &["rsa", "-b", "3072"]);
    let trusted = format!("*@vendor.example cert-authority {authority}\n");
    let always = ["-n", PRINCIPAL];
    let certified = |authority: &str, options: &[&str]| {
        bench.certify(authority, "a", options);
        bench.sign("a-cert.pub")
    };
    for (name, expected, options) in [
        ("valid", '+', &always[..]),
        ("limited", '+', &["-n", PRINCIPAL, "-V", "20260101Z:20270101Z"]),
        ("expired", '-', &["-n", PRINCIPAL, "-V", "20250101Z:20260101Z"]),
        ("not yet valid", '-', &["-n", PRINCIPAL, "-V", "20270101Z:20280101Z"]),
        (
            "the end counts no more",
            '-',
            &["-n", PRINCIPAL, "-V", "20250101Z:20260601000000Z"],
        ),
        ("several principals", '+', &["-n", "a@b,release@vendor.example"]),
        ("another principal", '-', &["-n", "other@vendor.example"]),
        ("a pattern is no principal", '-', &["-n", "*@vendor.example"]),
        ("no principals", '-', &[]),
        ("a host's", '-', &["-h", "-n", PRINCIPAL]),
        (
            "with an extension",
            '+',
            &["-n", PRINCIPAL, "-O", "clear", "-O", "extension:a@b=c"],
        ),
    ] {
        let signature = certified("ca", options);
        judge(name, expected, &Case::new(&trusted, &signature));
    }
    let signature = certified("ca", &always);
    for (name, expected, allowed) in [
        ("an unknown authority", '-', format!("* cert-authority {stranger}\n")),
        ("the key itself is listed", '-', format!("* {plain}\n")),
        ("the authority is listed as a signer", '-', format!("* {authority}\n")),
        (
            "its line is for others",
            '-',
            format!("*@other.example cert-authority {authority}\n"),
        ),
        (
            "a line for git",
            '-',
            format!("* cert-authority,namespaces=\"git\" {authority}\n"),
        ),
        (
            "an expired line",
            '-',
            format!("* cert-authority,valid-before=\"20260101Z\" {authority}\n"),
        ),
    ] {
        judge(name, expected, &Case::new(&allowed, &signature));
    }
    let by_rsa = certified("ca-rsa", &always);
    judge(
        "signed by RSA",
        '+',
        &Case::new(&format!("* cert-authority {rsa}\n"), &by_rsa),
    );
}

#[test]
fn revocations_are_judged_the_same() {
    let bench = Bench::new();
    let key = bench.key("a", &["ed25519"]);
    let other = bench.key("b", &["ed25519"]);
    let authority = bench.key("ca", &["ed25519"]);
    bench.certify("ca", "a", &["-n", PRINCIPAL]);
    let certificate = bench.public("a-cert");
    let allowed = format!("{PRINCIPAL} {key}\n{PRINCIPAL} cert-authority {authority}\n");
    let (plain, certified) = (bench.sign("a"), bench.sign("a-cert.pub"));
    let krl = bench.text("krl");
    run(&["-q", "-k", "-f", &krl, &bench.text("a.pub")], b"");
    let krl = std::fs::read(krl).unwrap();
    for (name, expected, signature, revoked) in [
        ("no key", '+', &plain, b"# none\n\n".to_vec()),
        ("another", '+', &plain, other.clone().into_bytes()),
        ("the key", '-', &plain, format!("# two\n{other}\n{key}\n").into_bytes()),
        ("the key of the certificate", '-', &certified, key.clone().into_bytes()),
        ("the authority", '-', &certified, authority.clone().into_bytes()),
        (
            "the authority does not count for the key",
            '+',
            &plain,
            authority.clone().into_bytes(),
        ),
        ("the certificate", '-', &certified, certificate.into_bytes()),
        ("a KRL", '-', &plain, krl),
        ("nonsense", '-', &plain, b"nonsense\n".to_vec()),
    ] {
        let mut case = Case::new(&allowed, signature);
        case.revoked = Some(&revoked);
        judge(name, expected, &case);
    }
}

#[test]
fn verification_times_are_read_the_same() {
    let bench = Bench::new();
    let line = format!(
        "{PRINCIPAL} valid-after=\"20260601Z\" {}\n",
        bench.key("a", &["ed25519"])
    );
    let signature = bench.sign("a");
    for (at, expected) in [(NOW, '+'), ("20260531Z", '-'), ("20260601", '-'), ("202606010900", '+')] {
        let mut case = Case::new(&line, &signature);
        case.at = at;
        judge(at, expected, &case);
    }
    assert!(!keygen(&["-Y", "no-such-action"], b"").status.success());
}
