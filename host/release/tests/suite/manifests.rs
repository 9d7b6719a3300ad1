//! Manifests that are refused even if they are signed.

use mighost_core::Digest;
use mighost_release::{Draft, ManifestError, Predicate};
use proptest::prelude::*;

use crate::shop::Shop;

fn manifest() -> String {
    let shop = Shop::new();
    let draft = Draft::new(&shop.path("r"), "climate", "1.0", 1, shop.artifacts().iter()).unwrap();
    String::from_utf8(draft.manifest().to_vec()).unwrap()
}

fn refused(json: &str) -> String {
    let text = Predicate::from_json(json.as_bytes()).unwrap_err().to_string();
    let words = text
        .split(' ')
        .map(|word| match Digest::parse(word.trim_end_matches([',', '.'])) {
            Some(_) => "DIGEST",
            None => word,
        });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_manifest_has_one_form() {
    let json = manifest();
    let with = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}: {json}");
        refused(&json.replacen(from, to, 1))
    };
    assert!(Predicate::from_json(json.as_bytes()).is_ok());
    // Duplicate keys: the first and the last one would be different projects.
    insta::assert_snapshot!(with("\"project\":\"climate\"", "\"project\":\"climate\",\"project\":\"other\""), @"its manifest is malformed: duplicate field `project` at line 1 column 1649");
    insta::assert_snapshot!(with("{\"_type\"", "{\"more\":1,\"_type\""), @"its manifest is malformed: unknown field `more`, expected one of `_type`, `predicate`, `predicateType`, `subject` at line 1 column 7");
    insta::assert_snapshot!(with("\"project\":", "\"project\": "), @"its manifest is not in the form that mighost writes: there are spaces, keys in another order, or escapes that are not needed");
    insta::assert_snapshot!(with("climate", "\\u0063limate"), @"its manifest is not in the form that mighost writes: there are spaces, keys in another order, or escapes that are not needed");
    insta::assert_snapshot!(with("Statement/v1", "Statement/v2"), @"its manifest is of the type https://in-toto.io/Statement/v2, which this version of mighost does not know");
    insta::assert_snapshot!(with("mighost.release.v1+json", "mighost.release.v2+json"), @"its manifest is of the type application/vnd.mighost.release.v2+json, which this version of mighost does not know");
    insta::assert_snapshot!(with("\"serial\":1", "\"serial\":-1"), @"its manifest is malformed: invalid value: integer `-1`, expected u64 at line 1 column 1729");
    insta::assert_snapshot!(with("\"climate\"", "\"\""), @"its manifest has an empty or too long project");
    insta::assert_snapshot!(with("\"version\":\"1.0\"", "\"version\":\"1\\n0\""), @"its manifest has an empty or too long version");
    insta::assert_snapshot!(with("\"name\":\"a1.wasm\"", "\"name\":\"b1.wasm\""), @"the subjects of its manifest are not its artifacts");
    insta::assert_snapshot!(refused(&format!("{json} ")), @"its manifest is not in the form that mighost writes: there are spaces, keys in another order, or escapes that are not needed");
    insta::assert_snapshot!(refused(&json[..json.len() - 1]), @"its manifest is malformed: EOF while parsing an object at line 1 column 2136");
    insta::assert_snapshot!(refused(""), @"its manifest is malformed: EOF while parsing a value at line 1 column 0");
}

#[test]
fn huge_and_deeply_nested_manifests_are_refused() {
    insta::assert_snapshot!(refused(&"[".repeat(100_000)), @"its manifest is malformed: invalid type: sequence, expected a string at line 1 column 1");
    insta::assert_snapshot!(refused(&format!("{{\"_type\":{}", "{\"a\":".repeat(100_000))), @"its manifest is malformed: invalid type: map, expected a string at line 1 column 9");
    insta::assert_snapshot!(refused(&" ".repeat((4 << 20) + 1)), @"its manifest has 4194305 bytes; at most 4194304 are accepted");
}

#[test]
fn lists_that_do_not_fit_together_are_refused() {
    let json = manifest();
    let predicate = Predicate::from_json(json.as_bytes()).unwrap();
    let with = |change: &dyn Fn(&mut Predicate)| {
        let mut changed = predicate.clone();
        change(&mut changed);
        let error: ManifestError = changed.to_json().unwrap_err();
        let text = error.to_string();
        let words = text
            .split(' ')
            .map(|word| match Digest::parse(word.trim_end_matches(',')) {
                Some(_) => "DIGEST",
                None => word,
            });
        words.collect::<Vec<_>>().join(" ")
    };
    let other = Digest::of(b"other");
    insta::assert_snapshot!(with(&|it| it.artifacts.push(it.artifacts[0].clone())), @"its manifest lists the artifact DIGEST twice");
    insta::assert_snapshot!(with(&|it| {
        let plugin = it.artifacts[2].clone();
        it.artifacts.push(plugin);
        it.artifacts[3].sha256 = other;
    }), @"its manifest lists the plugin roles twice");
    insta::assert_snapshot!(with(&|it| it.artifacts[0].component = other), @"its manifest names the component DIGEST which it does not describe");
    insta::assert_snapshot!(with(&|it| it.components.push(it.components[0].clone())), @"its manifest describes the component DIGEST which no artifact needs, or describes it twice");
    insta::assert_snapshot!(with(&|it| it.artifacts[0].revisions = None), @"its manifest describes the artifact DIGEST which is neither a migration nor a plugin");
    insta::assert_snapshot!(with(&|it| it.version = "1".repeat(200)), @"its manifest has an empty or too long version");
    insta::assert_snapshot!(with(&|it| {
        let one = it.artifacts[0].clone();
        let many = (0..10_001_u32).map(|number| {
            let mut artifact = one.clone();
            artifact.sha256 = Digest::of(&number.to_le_bytes());
            artifact
        });
        it.artifacts = many.collect();
    }), @"it has 10001 artifacts; at most 10000 are accepted");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = Predicate::from_json(&bytes);
    }
}
