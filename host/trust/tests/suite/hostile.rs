//! Flips, cuts and insertions never verify, and nothing panics.

use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use mighost_trust::certificate::Certificate;
use mighost_trust::sshsig::{parse, verify_all};
use mighost_trust::{AllowedSigners, Key, RevokedKeys};
use proptest::prelude::*;

use crate::bench::{Bench, MESSAGE, NAMESPACE, PRINCIPAL, armored};

/// The frames of a signature by a key and of one by a certificate, without armor.
static FRAMES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    use base64::Engine as _;
    let bench = Bench::new();
    bench.key("a", &["ed25519"]);
    bench.key("ca", &["ed25519"]);
    bench.certify("ca", "a", &["-n", PRINCIPAL]);
    ["a", "a-cert.pub"].map(|key| {
        let signature = String::from_utf8(bench.sign(key)).unwrap();
        let lines: Vec<&str> = signature.lines().filter(|line| !line.starts_with('-')).collect();
        base64::prelude::BASE64_STANDARD.decode(lines.concat()).unwrap()
    })
});

fn verifies(frame: &[u8]) -> bool {
    verify_all(&armored(frame), NAMESPACE, MESSAGE).is_ok()
}

#[test]
fn no_flip_of_a_bit_and_no_cut_verifies() {
    for frame in &*FRAMES {
        assert!(verifies(frame));
        for at in 0..frame.len() {
            for bit in 0..8 {
                let mut flipped = frame.clone();
                flipped[at] ^= 1 << bit;
                assert!(!verifies(&flipped), "bit {bit} of byte {at}");
            }
            assert!(!verifies(&frame[..at]), "{at} bytes");
        }
    }
}

proptest! {
    #[test]
    fn no_insertion_verifies(which in 0..2_usize, at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 1..9)) {
        let frame = &FRAMES[which];
        let at = at.index(frame.len() + 1);
        prop_assert!(!verifies(&[&frame[..at], &bytes, &frame[at..]].concat()));
    }

    #[test]
    fn no_removal_verifies(which in 0..2_usize, at: prop::sample::Index, length in 1..40_usize) {
        let frame = &FRAMES[which];
        let at = at.index(frame.len());
        let end = (at + length).min(frame.len());
        prop_assert!(!verifies(&[&frame[..at], &frame[end..]].concat()));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = parse(&bytes);
        let _ = parse(&armored(&[b"SSHSIG\0\0\0\x01", &bytes[..]].concat()));
        let _ = Key::from_blob(&bytes);
        let _ = Certificate::from_blob(&bytes);
        let _ = RevokedKeys::parse(Path::new("r"), &bytes);
        let _ = AllowedSigners::parse(Path::new("a"), &bytes, &TimeZone::UTC);
    }

    #[test]
    fn no_line_panics(line in r#"[ \t"\\,=!*a-z0-9@é]{0,20} (cert-authority|namespaces="[a-z,!*"\\]{0,9}"?|valid-(after|before)=["0-9Zé]{0,12}|,){0,4} ?(ssh-|sk-)?[A-Za-z0-9+/= ]{0,30}"#) {
        let _ = AllowedSigners::parse(Path::new("a"), line.as_bytes(), &TimeZone::UTC);
        let _ = RevokedKeys::parse(Path::new("r"), line.as_bytes());
    }
}
