//! The output of an import from Alembic.

use super::super::{Styles, escape_line};
use mighost_commands::init::import_alembic::{Revision, TakenOver};

/// The maximum number of revisions with the same remarks that are listed by name.
const NAMES: usize = 5;

/// The maximum number of different remarks.
const REMARKS: usize = 50;

/// The counts, the revisions to check with the reasons, the notes.
pub fn taken_over(report: &TakenOver, styles: Styles) -> String {
    let done = match report.dry_run {
        true => "would be taken over",
        false => "taken over",
    };
    let noun = if report.revisions.len() == 1 {
        "revision"
    } else {
        "revisions"
    };
    let by = match &report.alembic {
        Some(version) => format!(" by Alembic {}", escape_line(version)),
        None => String::new(),
    };
    let mut text = format!(
        "{} {noun} {done}{by} into {}\n",
        report.revisions.len(),
        report.config.display()
    );
    text.push_str(&format!(
        "  {} complete, {} with code that is not taken over\n",
        report.converted, report.not_taken_over
    ));
    text.push_str(&format!(
        "  databases: {}; version table: {}\n",
        escape_line(&report.databases.join(", ")),
        escape_line(&report.version_table)
    ));
    if report.folders.len() > 1 {
        for folder in &report.folders {
            text.push_str(&format!("  {} from {}\n", folder.ours, folder.alembic.display()));
        }
    }
    text.push_str(&listed(report, styles));
    for note in &report.notes {
        text.push_str(&format!("note: {}\n", escape_line(note)));
    }
    if report.not_taken_over > 0 {
        text.push_str(
            "note: code that is not taken over fails when it is run, until it is written in upgrade.sql or \
             downgrade.sql; `mighost check` lists it\n",
        );
    }
    text
}

/// The revisions with remarks. Those with the same remarks are together, because there may be thousands.
fn listed(report: &TakenOver, styles: Styles) -> String {
    let mut groups: Vec<(Vec<String>, Vec<&Revision>)> = Vec::new();
    for revision in &report.revisions {
        let remarks = remarks(revision);
        if remarks.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == remarks) {
            Some((_, revisions)) => revisions.push(revision),
            None => groups.push((remarks, vec![revision])),
        }
    }
    let mut text = String::new();
    for (remarks, revisions) in groups.iter().take(REMARKS) {
        for revision in revisions.iter().take(NAMES) {
            text.push_str(&format!(
                "{} {}\n",
                styles.name(&escape_line(&revision.revision)),
                escape_line(&revision.message)
            ));
        }
        if revisions.len() > NAMES {
            text.push_str(&format!("and {} more\n", revisions.len() - NAMES));
        }
        for remark in remarks {
            text.push_str(&format!("    {}\n", escape_line(remark)));
        }
    }
    let more: usize = groups.iter().skip(REMARKS).map(|(_, revisions)| revisions.len()).sum();
    if more > 0 {
        text.push_str(&format!("and {more} more with remarks; --json lists all\n"));
    }
    text
}

fn remarks(revision: &Revision) -> Vec<String> {
    let mut remarks = Vec::new();
    for (direction, side) in [("upgrade", &revision.upgrade), ("downgrade", &revision.downgrade)] {
        remarks.extend(
            side.not_taken_over
                .iter()
                .map(|why| format!("{direction} not taken over: {why}")),
        );
    }
    remarks.extend(revision.one_way.iter().map(|why| format!("no downgrade: {why}")));
    if revision.alone {
        remarks.push("runs without a transaction, as part of it did in Alembic".into());
    }
    remarks
}
