//! A folder with keys and files that ssh-keygen made.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jiff::tz::TimeZone;
use mighost_trust::sshsig::verify_all;
use mighost_trust::{AllowedSigners, RevokedKeys, namespace, time};
use sha2::{Digest as _, Sha256, Sha512};
use ssh_key::private::Ed25519Keypair;

pub const MESSAGE: &[u8] = b"the bytes of an artifact";
pub const PRINCIPAL: &str = "release@vendor.example";
pub const NAMESPACE: &str = namespace::ARTIFACT;
/// The time at which signatures are verified, unless a test says another.
pub const NOW: &str = "20260601000000Z";

pub struct Bench {
    folder: tempfile::TempDir,
}

pub fn keygen(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("ssh-keygen")
        .args(arguments)
        .env_remove("SSH_AUTH_SOCK")
        .env("TZ", "Asia/Tokyo")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ssh-keygen is needed: install openssh-client");
    // It may refuse before it reads.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

pub fn run(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = keygen(arguments, input);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {message}");
    output.stdout
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Makes the key pair `name` and returns its public line.
    pub fn key(&self, name: &str, kind: &[&str]) -> String {
        let file = self.text(name);
        let mut arguments = vec!["-q", "-N", "", "-C", name, "-f", &file, "-t"];
        arguments.extend(kind);
        run(&arguments, b"");
        self.public(name)
    }

    pub fn public(&self, name: &str) -> String {
        let line = fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        line.trim().to_owned()
    }

    /// Makes `name-cert.pub`, signed by `authority`.
    pub fn certify(&self, authority: &str, name: &str, options: &[&str]) {
        let (authority, public) = (self.text(authority), self.text(&format!("{name}.pub")));
        let mut arguments = vec!["-q", "-s", &authority, "-I", "an id"];
        arguments.extend(options);
        arguments.push(&public);
        run(&arguments, b"");
    }

    /// A signature over [`MESSAGE`] by ssh-keygen. `key` is a private key or a certificate.
    pub fn sign(&self, key: &str) -> Vec<u8> {
        self.sign_in(key, NAMESPACE, &[])
    }

    pub fn sign_in(&self, key: &str, namespace: &str, options: &[&str]) -> Vec<u8> {
        let key = self.text(key);
        let mut arguments = vec!["-q", "-Y", "sign", "-n", namespace, "-f", &key];
        arguments.extend(options);
        run(&arguments, MESSAGE)
    }
}

/// What is verified.
pub struct Case<'a> {
    pub allowed: &'a str,
    pub signature: &'a [u8],
    pub message: &'a [u8],
    pub principal: &'a str,
    pub namespace: &'static str,
    pub revoked: Option<&'a [u8]>,
    pub at: &'a str,
}

impl<'a> Case<'a> {
    pub fn new(allowed: &'a str, signature: &'a [u8]) -> Self {
        Self {
            allowed,
            signature,
            message: MESSAGE,
            principal: PRINCIPAL,
            namespace: NAMESPACE,
            revoked: None,
            at: NOW,
        }
    }

    /// The verdict of mighost; an error is the text of the refusal.
    pub fn ours(&self) -> Result<(), String> {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let text = |error: &dyn std::error::Error| error.to_string();
        let allowed = AllowedSigners::parse(Path::new("allowed_signers"), self.allowed.as_bytes(), &tokyo);
        let allowed = allowed.map_err(|error| text(&error))?;
        let revoked = RevokedKeys::parse(Path::new("revoked_keys"), self.revoked.unwrap_or_default());
        let revoked = revoked.map_err(|error| text(&error))?;
        let signers = verify_all(self.signature, self.namespace, self.message).map_err(|error| text(&error))?;
        let at = time::parse(self.at, &tokyo).unwrap();
        for signer in &signers {
            revoked.check(signer).map_err(|error| text(&error))?;
            let checked = allowed.check(signer, self.principal, self.namespace, at);
            checked.map_err(|error| text(&error))?;
        }
        Ok(())
    }

    /// The verdict of ssh-keygen.
    pub fn theirs(&self) -> bool {
        let bench = Bench::new();
        fs::write(bench.path("allowed"), self.allowed).unwrap();
        fs::write(bench.path("sig"), self.signature).unwrap();
        let (allowed, signature, revoked) = (bench.text("allowed"), bench.text("sig"), bench.text("revoked"));
        let time = format!("verify-time={}", self.at);
        let mut arguments = vec![
            "-q",
            "-Y",
            "verify",
            "-f",
            &allowed,
            "-I",
            self.principal,
            "-n",
            self.namespace,
        ];
        arguments.extend(["-s", &signature, "-O", &time]);
        if let Some(keys) = self.revoked {
            fs::write(&revoked, keys).unwrap();
            arguments.extend(["-r", &revoked]);
        }
        keygen(&arguments, self.message).status.success()
    }
}

fn put(bytes: &mut Vec<u8>, string: &[u8]) {
    bytes.extend(u32::try_from(string.len()).unwrap().to_be_bytes());
    bytes.extend(string);
}

/// `BEGIN`, the Base64 of `frame`, `END`.
pub fn armored(frame: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let encoded = base64::prelude::BASE64_STANDARD.encode(frame);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
    .into_bytes()
}

/// The public line and a signature of a FIDO token that is made up here. `flags` has the bit of the touch.
pub fn token(flags: u8) -> (String, Vec<u8>) {
    use base64::Engine as _;
    use signature::Signer as _;
    let pair = Ed25519Keypair::from_seed(&[7; 32]);
    let name = b"sk-ssh-ed25519@openssh.com";
    let mut key = Vec::new();
    put(&mut key, name);
    put(&mut key, &pair.public.0);
    put(&mut key, b"ssh:");

    let mut signed = b"SSHSIG".to_vec();
    for part in [NAMESPACE.as_bytes(), b"", b"sha512", &Sha512::digest(MESSAGE)] {
        put(&mut signed, part);
    }
    let mut by_token = Sha256::digest(b"ssh:").to_vec();
    by_token.extend([flags, 0, 0, 0, 9]);
    by_token.extend(Sha256::digest(&signed));
    let raw = pair.try_sign(&by_token).unwrap();
    let mut signature = Vec::new();
    put(&mut signature, name);
    put(&mut signature, raw.as_bytes());
    signature.extend([flags, 0, 0, 0, 9]);

    let mut frame = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [&key, NAMESPACE.as_bytes(), b"", b"sha512", &signature] {
        put(&mut frame, part);
    }
    let line = format!(
        "sk-ssh-ed25519@openssh.com {}",
        base64::prelude::BASE64_STANDARD.encode(&key)
    );
    (line, armored(&frame))
}
