//! Releases that were changed after they were signed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;

use mighost_artifact::ArtifactInfo;
use mighost_core::Digest;
use mighost_release::Draft;
use mighost_trust::namespace;
use proptest::prelude::*;

use crate::archives::header;
use crate::shop::Shop;

/// What becomes of a release of `artifacts` with a signature of another one.
fn signed_by(shop: &Shop, signature: &[u8], artifacts: &[ArtifactInfo]) -> String {
    let path = shop.path("r");
    let draft = Draft::new(&path, "climate", "1.0", 1, artifacts.iter()).unwrap();
    draft.write(&mut File::create(&path).unwrap(), signature).unwrap();
    shop.refused(&path)
}

#[test]
fn a_signature_holds_for_one_list_of_artifacts() {
    let shop = Shop::new();
    let all = shop.artifacts();
    let mismatch = "r: the signature of the key KEY does not match: the file is not the one that was signed, or the signature was changed";
    let draft = Draft::new(&shop.path("r"), "climate", "1.0", 1, all.iter()).unwrap();
    let signature = shop.signature("vendor", namespace::RELEASE, draft.manifest());
    let mut swapped = all.clone();
    swapped[1] = shop.migration("c3", &["a1"], "DROP TABLE users");
    assert_eq!(
        signed_by(&shop, &signature, &swapped),
        mismatch,
        "an artifact was swapped"
    );
    let mut reordered = all.clone();
    reordered.swap(0, 1);
    assert_eq!(
        signed_by(&shop, &signature, &reordered),
        mismatch,
        "artifacts were reordered"
    );
    assert_eq!(
        signed_by(&shop, &signature, &all[1..]),
        mismatch,
        "an artifact was left out"
    );
    let added = [all.clone(), vec![shop.migration("d4", &[], "")]].concat();
    assert_eq!(signed_by(&shop, &signature, &added), mismatch, "an artifact was added");
    let mut plugin = all.clone();
    plugin[2] = shop.plugin("roles", "another file");
    assert_eq!(signed_by(&shop, &signature, &plugin), mismatch, "a plugin was swapped");
}

#[test]
fn a_signature_for_another_purpose_does_not_count() {
    let shop = Shop::new();
    let path = shop.path("r");
    let draft = Draft::new(&path, "climate", "1.0", 1, shop.artifacts().iter()).unwrap();
    for (namespace, name) in [(namespace::ARTIFACT, "mighost-artifact"), ("git", "git")] {
        let signature = shop.signature("vendor", namespace, draft.manifest());
        draft.write(&mut File::create(&path).unwrap(), &signature).unwrap();
        let expected = format!(
            "r: the signature is for the namespace {name}, not for mighost-release: it was made for another purpose; sign again with `mighost sign`"
        );
        assert_eq!(shop.refused(&path), expected);
    }
}

/// The release, with the first occurrence of `from` replaced by `to` of the same length.
fn replaced(shop: &Shop, from: &[u8], to: &[u8]) -> PathBuf {
    let path = shop.release("r", 1, &shop.artifacts());
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn contents_that_the_manifest_does_not_name_are_refused() {
    let shop = Shop::new();
    insta::assert_snapshot!(shop.refused(&replaced(&shop, b"SELECT 2", b"SELECT 3")), @"r: the artifact DIGEST of its manifest is not what the file contains, which has the SHA-256 DIGEST");
    insta::assert_snapshot!(shop.refused(&replaced(&shop, b"\"serial\":1", b"\"serial\":9")), @"r is not a release: a file in it does not have the digest that is its name");
    insta::assert_snapshot!(shop.refused(&replaced(&shop, b"imageLayoutVersion\":\"1", b"imageLayoutVersion\":\"2")), @"r is not a release: a file in it is not the one that its manifest lists");
    insta::assert_snapshot!(shop.refused(&replaced(&shop, b"application/wasm", b"application/wasn")), @"r is not a release: a file in it does not have the digest that is its name");
}

/// Another vendor's release, consistent in itself: the blob with `from` has `to` instead, and every digest of it follows.
fn rewritten(archive: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut files = BTreeMap::new();
    let mut at = 0;
    while archive[at] != 0 {
        let text = |range: std::ops::Range<usize>| String::from_utf8(archive[range].to_vec()).unwrap();
        let name = text(at..at + 100).trim_end_matches('\0').to_owned();
        let size = usize::from_str_radix(&text(at + 124..at + 135), 8).unwrap();
        files.insert(name, archive[at + 512..at + 512 + size].to_vec());
        at += 512 + size.next_multiple_of(512);
    }
    let mut replacements = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = replacements.pop() {
        for (name, contents) in files.clone() {
            let Ok(text) = String::from_utf8(contents.clone()) else {
                continue;
            };
            // Only JSON names other files.
            if !text.starts_with('{') || !text.contains(&from) {
                continue;
            }
            let changed = text.replace(&from, &to);
            files.remove(&name);
            if name.starts_with("blobs/") {
                let digest = Digest::of(changed.as_bytes());
                replacements.push((Digest::of(&contents).to_string(), digest.to_string()));
                files.insert(format!("blobs/sha256/{digest}"), changed.into_bytes());
            } else {
                files.insert(name, changed.into_bytes());
            }
        }
    }
    let mut bytes = Vec::new();
    for (name, contents) in files {
        bytes.extend(header(&name, &format!("{:011o}\0", contents.len()), b'0'));
        bytes.extend(&contents);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    bytes
}

#[test]
fn a_manifest_that_describes_its_artifacts_wrongly_is_refused() {
    // Signed by a vendor who errs or lies: what is shown and judged is not what would run.
    let shop = Shop::new();
    let path = shop.path("r");
    let honest = Draft::new(&path, "climate", "1.0", 1, shop.artifacts().iter()).unwrap();
    let manifest = String::from_utf8(honest.manifest().to_vec()).unwrap();
    let lie = |from: &str, to: &str| {
        let signature = shop.signature("vendor", namespace::RELEASE, manifest.replace(from, to).as_bytes());
        let mut bytes = Vec::new();
        honest.write(&mut bytes, &signature).unwrap();
        fs::write(&path, rewritten(&bytes, from, to)).unwrap();
        shop.refused(&path)
    };
    insta::assert_snapshot!(lie("message of b2", "message of x2"), @"r: the manifest describes the artifact DIGEST in another way than the artifact itself");
    insta::assert_snapshot!(lie("[\"a1\"]", "[\"a0\"]"), @"r: the manifest describes the artifact DIGEST in another way than the artifact itself");
    insta::assert_snapshot!(lie("\"name\":\"roles\",", "\"name\":\"holes\","), @"r: the subjects of its manifest are not its artifacts");
    insta::assert_snapshot!(lie("mighost:host/database@0.1.0", "mighost:host/database@0.1.1"), @"r: the manifest describes the artifact DIGEST in another way than the artifact itself");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flip_cut_or_insertion_runs(at: prop::sample::Index, bit in 0..8_u8, kind in 0..3_u8) {
        let shop = Shop::new();
        let path = shop.release("r", 1, &shop.artifacts());
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] ^= 1 << bit,
            1 => bytes.truncate(at),
            _ => bytes.insert(at, bit),
        }
        fs::write(&path, bytes).unwrap();
        prop_assert!(shop.run(&path).is_err(), "{kind} at {at}");
    }
}
