//! What a release contains.

use std::fs::{self, File};

use mighost_artifact::ArtifactInfo;
use mighost_release::{Draft, open};
use mighost_trust::namespace;

use crate::shop::{Shop, revision};

#[test]
fn what_is_unpacked_is_what_was_built() {
    let shop = Shop::new();
    let artifacts = shop.artifacts();
    let path = shop.release("r", 1, &artifacts);
    let mut release = open(&path).unwrap().read().unwrap();
    let folder = shop.path("unpacked");
    let project = release.artifacts(&folder).unwrap();
    release.unpack(&folder).unwrap();
    let plugins = project.plugins.iter().map(|plugin| &plugin.artifact);
    let all: Vec<_> = project.migrations.iter().chain(plugins).collect();
    assert_eq!(all.len(), artifacts.len());
    for (artifact, original) in all.iter().zip(&artifacts) {
        assert_eq!(fs::read(&artifact.path).unwrap(), fs::read(&original.path).unwrap());
        let read = ArtifactInfo::read(artifact.path.clone(), &fs::read(&artifact.path).unwrap()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", &***artifact));
    }
}

#[test]
fn the_same_artifacts_give_the_same_bytes() {
    let shop = Shop::new();
    let (one, two) = (
        shop.release("one", 1, &shop.artifacts()),
        shop.release("two", 1, &shop.artifacts()),
    );
    assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
}

#[test]
fn a_component_is_stored_once() {
    let shop = Shop::new();
    let all: Vec<_> = (0..50)
        .map(|number| shop.migration(&format!("r{number}"), &[], &format!("{number}")))
        .collect();
    let release = shop.run(&shop.release("r", 1, &all)).unwrap();
    assert_eq!(
        (release.predicate.artifacts.len(), release.predicate.components.len()),
        (50, 1)
    );
}

#[test]
fn other_tools_read_the_archive() {
    let shop = Shop::new();
    let path = shop.release("r", 1, &shop.artifacts());
    let listed = std::process::Command::new("tar")
        .arg("-tf")
        .arg(&path)
        .output()
        .unwrap();
    assert!(listed.status.success());
    let names = String::from_utf8(listed.stdout).unwrap();
    assert!(names.ends_with("index.json\noci-layout\n"), "{names}");
}

#[test]
fn a_second_signature_leaves_the_rest() {
    let shop = Shop::new();
    let path = shop.release("r", 1, &shop.artifacts());
    let found = open(&path).unwrap();
    let more = shop.signature("second", namespace::RELEASE, found.manifest());
    let both = [found.signatures(), &more].concat();
    let manifest = found.manifest().to_vec();
    let mut release = found.read().unwrap();
    let signed = shop.path("signed");
    release.write_with(&mut File::create(&signed).unwrap(), &both).unwrap();
    let again = open(&signed).unwrap();
    assert_eq!(again.signers().unwrap().len(), 2);
    assert_eq!(again.manifest(), manifest);
    shop.run(&signed).unwrap();
}

#[test]
fn an_unsigned_release_has_no_signers() {
    let shop = Shop::new();
    let path = shop.path("r");
    let draft = Draft::new(&path, "climate", "1.0", 1, shop.artifacts().iter()).unwrap();
    draft.write(&mut File::create(&path).unwrap(), b"").unwrap();
    assert!(open(&path).unwrap().signers().unwrap().is_empty());
    open(&path).unwrap().read().unwrap();
}

#[test]
fn labels_count_for_what_is_above_them() {
    let shop = Shop::new();
    let history = vec![
        revision("base", &[], &[]),
        revision("v1", &["base"], &["vendor"]),
        revision("v2", &["v1"], &[]),
        revision("o1", &["base"], &["own"]),
        revision("merge", &["v2", "o1"], &[]),
        revision("lost", &["missing"], &[]),
    ];
    let path = shop.release("r", 1, &[shop.migrations("all", history, "")]);
    let release = open(&path).unwrap().read().unwrap();
    let branches: Vec<_> = release.predicate.branches().into_iter().collect();
    insta::assert_snapshot!(format!("{branches:?}"), @r#"[("base", {}), ("merge", {"own", "vendor"}), ("o1", {"own"}), ("v1", {"vendor"}), ("v2", {"vendor"})]"#);
}

#[test]
fn an_artifact_that_changed_since_it_was_indexed_is_refused() {
    let shop = Shop::new();
    let artifact = shop.migration("a1", &[], "SELECT 1");
    shop.migration("a1", &[], "SELECT 2");
    let Err(error) = Draft::new(&shop.path("r"), "climate", "1.0", 1, [artifact].iter()) else {
        panic!("it is refused");
    };
    insta::assert_snapshot!(shop.shown(&error), @"a1.wasm changed during this run");
}
