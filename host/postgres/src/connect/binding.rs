//! The parts of a server's certificate that mighost itself reads: the key, and the digest for SCRAM channel binding
//! (`tls-server-end-point`, RFC 5929).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The digest of `certificate` (DER) by the hash of its own signature; MD5 and SHA-1 are replaced by SHA-256. `None` for signatures
/// without a single hash (Ed25519) or with the hash elsewhere (RSA-PSS): SCRAM is then not bound.
pub(super) fn end_point_digest(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_algorithm(certificate)? {
        // PKCS #1: md5, sha1, sha256, sha384, sha512 with RSA.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11]
        // ANSI X9.62: ECDSA with SHA-1, SHA-256.
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 2] => Sha256::digest(certificate).to_vec(),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 3] => {
            Sha384::digest(certificate).to_vec()
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 13] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 4] => {
            Sha512::digest(certificate).to_vec()
        }
        _ => return None,
    })
}

/// The object identifier of the signature: `Certificate ::= SEQUENCE { tbs, SEQUENCE { OID, .. }, .. }`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, 0x30)?;
    let (_, after_tbs) = element(certificate, 0x30)?;
    let (algorithm, _) = element(after_tbs, 0x30)?;
    element(algorithm, 0x06).map(|(oid, _)| oid)
}

/// The key of a certificate: `SubjectPublicKeyInfo`, the sixth element of `tbs`, or the seventh after a version, which X.509 version 1
/// does not have. The rest of the certificate is not examined.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, 0x30)?;
    let (mut rest, _) = element(certificate, 0x30)?;
    if let Some((_, after_version)) = element(rest, 0xa0) {
        rest = after_version;
    }
    // Serial number, signature, issuer, validity, subject.
    for tag in [0x02, 0x30, 0x30, 0x30, 0x30] {
        (_, rest) = element(rest, tag)?;
    }
    let (_, after) = element(rest, 0x30)?;
    rest.get(..rest.len() - after.len())
}

/// The algorithm and the bits of a `SubjectPublicKeyInfo`: `SEQUENCE { SEQUENCE algorithm, BIT STRING }`.
pub(super) fn algorithm_and_key(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = element(info, 0x30)?;
    let (algorithm, rest) = element(info, 0x30)?;
    let (bits, _) = element(rest, 0x03)?;
    // The first byte counts the unused bits of the last one.
    Some((algorithm, bits.strip_prefix(&[0])?))
}

/// The content of the DER element at the start of `bytes`, which must have this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    if digits.len() > 4 {
        return None;
    }
    let length = digits
        .iter()
        .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let certificate = |last: u8| {
            let oid = [&[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01][..], &[last]].concat();
            let algorithm = [&[0x30, oid.len() as u8][..], &oid].concat();
            let inside = [&[0x30, 0x81, 1, 0xff][..], &algorithm].concat();
            [&[0x30, 0x82, 0, inside.len() as u8][..], &inside].concat()
        };
        assert_eq!(
            end_point_digest(&certificate(11)),
            Some(Sha256::digest(certificate(11)).to_vec())
        );
        assert_eq!(
            end_point_digest(&certificate(12)),
            Some(Sha384::digest(certificate(12)).to_vec())
        );
        assert_eq!(
            end_point_digest(&certificate(13)),
            Some(Sha512::digest(certificate(13)).to_vec())
        );
        assert_eq!(end_point_digest(&certificate(10)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = end_point_digest(&bytes);
            let _ = public_key(&bytes).and_then(algorithm_and_key);
        }
    }
}
