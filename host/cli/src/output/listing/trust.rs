//! Signers and policies.

use super::super::{Styles, escape_line};
use mighost_commands::SignerReport;
use mighost_commands::inspect::InspectReport;
use mighost_commands::trust::{CheckReport, ShowReport};
use mighost_commands::verify::VerifyReport;
use mighost_trust::policy::Accepted;
use mighost_trust::{Level, time};

/// The signatures of an artifact, if it has any.
pub(super) fn inspected(text: &mut String, report: &InspectReport, styles: Styles) {
    match &report.signature_error {
        Some(error) => text.push_str(&format!("{}: {}\n", styles.error("signature"), escape_line(error))),
        None if report.signers.is_empty() => {}
        None => signers(text, &report.signers),
    }
}

/// A file that may run.
pub fn verified(report: &VerifyReport, styles: Styles) -> String {
    let mut text = format!("sha256   {}\n", report.digest);
    if let Some(release) = &report.release {
        text.push_str(&format!(
            "release  {} {}, serial {}, {} artifacts\n",
            styles.name(&escape_line(&release.project)),
            escape_line(&release.version),
            release.serial,
            release.artifacts
        ));
    }
    signers(&mut text, &report.signers);
    let database = match &report.database {
        Some(label) => format!(" on {}", escape_line(label)),
        None => String::new(),
    };
    text.push_str(&match &report.accepted {
        Some(accepted) => format!("{}{database} by {}\n", styles.good("accepted"), by(accepted)),
        None => format!(
            "{}{database}: {} does not allow it\n",
            styles.warning("audit"),
            report.policy.display()
        ),
    });
    text
}

/// What a policy says about a file.
pub fn trust_check(report: &CheckReport, styles: Styles) -> String {
    let mut text = format!("sha256   {}\npolicy   {}\n", report.digest, report.policy.display());
    signers(&mut text, &report.signers);
    for verdict in &report.databases {
        let database = verdict.database.as_deref().unwrap_or("any other");
        let database = styles.name(&escape_line(database));
        match (&verdict.accepted, &verdict.refusal) {
            (Some(accepted), _) => text.push_str(&format!(
                "{database}: {} by {}\n",
                styles.good("accepted"),
                by(accepted)
            )),
            (None, refusal) => {
                let word = match verdict.level {
                    Level::Enforce => styles.error("refused"),
                    Level::Audit => styles.warning("only a warning"),
                };
                let refusal = refusal.as_deref().unwrap_or_default();
                text.push_str(&format!("{database}: {word}: {}\n", escape_line(refusal)));
                if let Some(hint) = &verdict.hint {
                    text.push_str(&format!("  {}\n", escape_line(hint)));
                }
            }
        }
    }
    text
}

/// A policy.
pub fn policy(report: &ShowReport, styles: Styles) -> String {
    let mut text = format!("policy   {}\nsha256   {}\n", report.policy.display(), report.digest);
    text.push_str(&format!("level    {}\n", level(report.level)));
    for (label, own) in &report.databases {
        text.push_str(&format!("    {}: {}\n", escape_line(label), level(*own)));
    }
    for rule in &report.rules {
        text.push_str(&format!("{}\n", styles.name(&escape_line(&rule.name))));
        text.push_str(&format!(
            "    {} of: {}\n",
            rule.threshold,
            escape_line(&rule.signers.join(", "))
        ));
        for (title, list) in [
            ("projects", &rule.projects),
            ("databases", &rule.databases),
            ("branches", &rule.branches),
        ] {
            text.push_str(&format!("    {title}: {}\n", escape_line(&list.join(", "))));
        }
        if let Some(after) = rule.valid_after {
            text.push_str(&format!("    after {}\n", time::display(after)));
        }
        if let Some(before) = rule.valid_before {
            text.push_str(&format!("    until {}\n", time::display(before)));
        }
    }
    if report.rules.is_empty() {
        text.push_str("there are no rules, so nothing is accepted\n");
    }
    for key in &report.keys {
        let word = if key.authority { "authority" } else { "key" };
        text.push_str(&format!(
            "{word} {} of {}\n",
            key.fingerprint,
            escape_line(&key.principals)
        ));
    }
    if report.revoked_keys + report.revoked_digests.len() > 0 {
        let (keys, digests) = (report.revoked_keys, report.revoked_digests.len());
        text.push_str(&format!("revoked: {keys} keys, {digests} digests\n"));
    }
    text
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Enforce => "enforce",
        Level::Audit => "audit",
    }
}

fn signers(text: &mut String, signers: &[SignerReport]) {
    for signer in signers {
        text.push_str(&format!("signed   {} ({})\n", signer.fingerprint, signer.key_type));
        if let Some(certificate) = &signer.certificate {
            text.push_str(&format!(
                "    certificate {} of {}, for {}, until {}\n",
                escape_line(&certificate.key_id),
                certificate.authority,
                escape_line(&certificate.principals.join(", ")),
                certificate.valid_before
            ));
        }
    }
    if signers.is_empty() {
        text.push_str("not signed\n");
    }
}

/// The rule, and the principals that signed.
fn by(accepted: &Accepted) -> String {
    let signers: Vec<&str> = accepted
        .signers
        .iter()
        .map(|signer| signer.principal.as_str())
        .collect();
    format!("{}: {}", escape_line(&accepted.rule), escape_line(&signers.join(", ")))
}
