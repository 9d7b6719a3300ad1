//! The policy that `mighost trust init` writes.

/// With an explanation of every key.
pub const TEMPLATE: &str = r#"# Whose migrations may run on which database. `mighost trust show` explains this file, `mighost trust check FILE`
# what it says about a release or an artifact.
#
# mighost reads it from --trust FILE, MIGHOST_TRUST or /etc/mighost/trust.toml. It and its folders must belong to
# root or to the user that runs mighost, and must not be writable by others.
format = 1

# The keys of the signers, as ssh-keygen(1) describes under ALLOWED SIGNERS; next to this file. A line is e.g.
#   release@vendor.example namespaces="mighost-*" ssh-ed25519 AAAA...
allowed-signers = "allowed_signers"

# Keys that must not count any more: public keys, one on a line.
#revoked-keys = "revoked_keys"

# Releases and artifacts that must not run any more, by their SHA-256.
#revoked-digests = []

# What happens when no rule allows a run: "enforce" refuses it, "audit" warns.
level = "enforce"

# A level of its own for a database label.
#[databases.dev]
#level = "audit"

# Something may run if a rule allows it. Lists left out match everything; `*` and `?` are patterns, except in signers.
#[[rules]]
#name = "vendor on production"
#projects = ["climate"]
#databases = ["prod", "prod-*"]
#branches = ["*"]
#signers = ["release@vendor.example", "security@vendor.example"]
#threshold = 2                 # this many of the signers, each with a key of their own
#valid-after = "20260101Z"
#valid-before = "20270101Z"
"#;
