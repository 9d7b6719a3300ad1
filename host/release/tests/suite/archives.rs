//! Tricks with tar. Each archive is made by hand; none is a release.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;

use crate::shop::Shop;

/// A header as other programs write them.
pub fn header(name: &str, size: &str, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..124 + size.len()].copy_from_slice(size.as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    checked(block)
}

fn checked(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

const EMPTY: &str = "00000000000\0";

fn refused(blocks: &[&[u8]]) -> String {
    let shop = Shop::new();
    let path: PathBuf = shop.path("r");
    let mut file = File::create(&path).unwrap();
    for block in blocks {
        file.write_all(block).unwrap();
    }
    drop(file);
    shop.refused(&path)
}

#[test]
fn names_links_and_special_files_are_refused_by_name() {
    let one = |name: &str, kind| refused(&[&header(name, EMPTY, kind), &[0; 1024]]);
    insta::assert_snapshot!(one("/etc/passwd", b'0'), @"r is not a release: its file /etc/passwd has an absolute name");
    insta::assert_snapshot!(one("blobs/../../x", b'0'), @"r is not a release: its file blobs/../../x has `..` in its name");
    insta::assert_snapshot!(one("index.json", b'1'), @"r is not a release: its entry index.json is a link, and a release has only files");
    insta::assert_snapshot!(one("index.json", b'2'), @"r is not a release: its entry index.json is a link, and a release has only files");
    insta::assert_snapshot!(one("index.json", b'S'), @"r is not a release: its entry index.json is a sparse file, and a release has only plain ones");
    insta::assert_snapshot!(one("index.json", b'x'), @"r is not a release: its entry index.json is of the type x, and a release has only files");
    insta::assert_snapshot!(one("index.json", b'L'), @"r is not a release: its entry index.json is of the type L, and a release has only files");
    insta::assert_snapshot!(one("index.json", b'6'), @"r is not a release: its entry index.json is of the type 6, and a release has only files");
    insta::assert_snapshot!(one("blobs", b'5'), @"r is not a release: its entry blobs is of the type 5, and a release has only files");
    insta::assert_snapshot!(one("index.json\u{1b}[2J", b'0'), @r"r is not a release: its file index.json\u{1b}[2J is not one that a release has");
    insta::assert_snapshot!(one("blobs/sha256/ABCD", b'0'), @"r is not a release: its file blobs/sha256/ABCD is not one that a release has");
}

#[test]
fn attributes_orders_and_ends_are_refused_by_name() {
    let (index, layout) = (header("index.json", EMPTY, b'0'), header("oci-layout", EMPTY, b'0'));
    let attribute = |start: usize, bytes: &[u8]| {
        let mut block = index;
        block[start..start + bytes.len()].copy_from_slice(bytes);
        refused(&[&checked(block), &[0; 1024]])
    };
    // Mode, owner, time, the name of an owner.
    let expected =
        "r is not a release: its file index.json has an owner, a time, a mode or other data that releases do not have";
    for (start, bytes) in [
        (100, &b"0000755"[..]),
        (108, b"0001750"),
        (136, b"00000000001"),
        (265, b"root"),
        (500, b"x"),
    ] {
        assert_eq!(attribute(start, bytes), expected, "{start}");
    }
    let mut wrong = index;
    wrong[148] = b'7';
    assert_eq!(refused(&[&wrong, &[0; 1024]]), expected);

    insta::assert_snapshot!(refused(&[&index, &index, &[0; 1024]]), @"r is not a release: its file index.json appears twice");
    insta::assert_snapshot!(refused(&[&layout, &index, &[0; 1024]]), @"r is not a release: its file index.json comes after oci-layout, but files are sorted");
    insta::assert_snapshot!(refused(&[&index, &[0; 512]]), @"r is not a release: it is cut off");
    insta::assert_snapshot!(refused(&[&index]), @"r is not a release: it is cut off");
    insta::assert_snapshot!(refused(&[&index, &[0; 1536]]), @"r is not a release: bytes follow its end");
    insta::assert_snapshot!(refused(&[&index, &[0; 1024], b"x"]), @"r is not a release: bytes follow its end");
    insta::assert_snapshot!(refused(&[&header("index.json", "00000000002\0", b'0'), b"{}x", &[0; 509], &[0; 1024]]), @"r is not a release: the bytes between its files are not zero");
    // A bomb: the header promises more than there is.
    insta::assert_snapshot!(refused(&[&header("index.json", "37777777777\0", b'0'), &[0; 1024]]), @"r is not a release: it is cut off");
    insta::assert_snapshot!(refused(&[&header("index.json", "77777777777\0", b'0'), &[0; 1024]]), @"r is not a release: its file index.json has 8589934591 bytes; at most 4294967296 are accepted");
    insta::assert_snapshot!(refused(&[b"hello"]), @"r is not a release: it is not a tar archive");
    insta::assert_snapshot!(refused(&[&[1; 512]]), @"r is not a release: it is not a tar archive");
    insta::assert_snapshot!(refused(&[&index, &layout, &[0; 1024]]), @"r is not a release: its index.json is malformed");
}

#[test]
fn too_many_files_are_refused() {
    let headers: Vec<_> = (0..10_017_u32)
        .map(|number| header(&format!("blobs/sha256/{number:064x}"), EMPTY, b'0'))
        .collect();
    let blocks: Vec<&[u8]> = headers.iter().map(|header| &header[..]).collect();
    insta::assert_snapshot!(refused(&blocks), @"r is not a release: it has more than 10016 files");
}

#[test]
fn what_is_not_a_file_is_refused() {
    let shop = Shop::new();
    insta::assert_snapshot!(shop.refused(&shop.path("missing")), @"cannot read missing: No such file or directory (os error 2)");
    fs::create_dir(shop.path("folder")).unwrap();
    insta::assert_snapshot!(shop.refused(&shop.path("folder")), @"cannot read folder: it is not a regular file");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let shop = Shop::new();
        fs::write(shop.path("r"), [&header("index.json", EMPTY, b'0')[..], &bytes].concat()).unwrap();
        prop_assert!(shop.run(&shop.path("r")).is_err());
    }
}
