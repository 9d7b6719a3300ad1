//! `mighost sign`, `verify` and `trust`.

use std::process::ExitCode;
use std::sync::Arc;

use super::dispatch::{fail, lines, written};
use crate::output::{Output, listing};
use mighost_commands::trust::{self, TrustRequest};
use mighost_commands::{Project, release, sign, verify};
use mighost_core::{Diagnostic, ExitKind, Secret};

pub(super) fn release(
    project: &Project,
    request: &release::ReleaseRequest,
    output: &Output,
) -> Result<ExitCode, Diagnostic> {
    let report = fail(release::run(project, request, &prompt, output))?;
    written(output.json(&report))?;
    output.note(&format!(
        "wrote {}: {} {}, serial {}, {} artifacts",
        report.file.display(),
        report.project,
        report.version,
        report.serial,
        report.artifacts
    ));
    if report.signer.is_none() {
        output.note("it is not signed; sign it with `mighost sign`");
    }
    Ok(ExitCode::SUCCESS)
}

/// Without a terminal there is no passphrase, and the error says so.
fn prompt() -> Option<Secret> {
    rpassword::prompt_password("passphrase of the key: ")
        .ok()
        .map(Secret::new)
}

pub(super) fn sign(project: &Project, request: &sign::SignRequest, output: &Output) -> Result<ExitCode, Diagnostic> {
    let report = fail(sign::run(project, request, &prompt))?;
    written(output.json(&report))?;
    output.note(&format!(
        "wrote {}, signed with the key {}",
        report.written.display(),
        report.signer.fingerprint
    ));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify(
    project: &Project,
    request: &verify::VerifyRequest,
    output: &Arc<Output>,
) -> Result<ExitCode, Diagnostic> {
    let report = fail(verify::run(project, request, &**output))?;
    written(output.json(&report))?;
    lines(output, &listing::verified(&report, output.styles()))
}

pub(super) fn trust(project: &Project, request: &TrustRequest, output: &Output) -> Result<ExitCode, Diagnostic> {
    match request {
        TrustRequest::Init { folder } => {
            let report = fail(trust::init(folder))?;
            written(output.json(&report))?;
            for file in &report.files {
                output.note(&format!("created {}", file.display()));
            }
            output.note("next: add the signers' keys to allowed_signers, and a rule to trust.toml");
            Ok(ExitCode::SUCCESS)
        }
        TrustRequest::Show { trust } => {
            let report = fail(trust::show(trust))?;
            written(output.json(&report))?;
            lines(output, &listing::policy(&report, output.styles()))
        }
        TrustRequest::Check {
            file,
            trust,
            project: of_project,
            at,
        } => {
            let report = fail(trust::check(project, file, trust, of_project.as_deref(), *at))?;
            written(output.json(&report))?;
            lines(output, &listing::trust_check(&report, output.styles()))?;
            Ok(
                match report.databases.iter().any(|database| database.accepted.is_some()) {
                    true => ExitCode::SUCCESS,
                    false => ExitCode::from(ExitKind::Trust.code()),
                },
            )
        }
    }
}
