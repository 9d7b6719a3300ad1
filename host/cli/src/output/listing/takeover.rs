//! The output of an import from Alembic.

use super::super::{Styles, escape_line};
use mighost_commands::init::import_alembic::{Revision, TakenOver};

/// The counts, the revisions to check, the notes.
pub fn taken_over(report: &TakenOver, styles: Styles) -> String {
    let done = match report.dry_run {
        true => "would be taken over",
        false => "taken over",
    };
    let will = |count| match (report.dry_run, count) {
        (true, 1) => ("would have", "its"),
        (true, _) => ("would have", "their"),
        (false, 1) => ("has", "its"),
        (false, _) => ("have", "their"),
    };
    let ((has, whose), (has_none, _)) = (will(report.converted), will(report.empty));
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
        "  {} {has} {whose} code, {} {has_none} an empty script\n",
        report.converted, report.empty
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
    for revision in &report.revisions {
        let remarks = remarks(revision);
        // If all are empty for one reason, the notes contain it.
        if remarks.is_empty() || report.empty == report.revisions.len() && report.converted == 0 {
            continue;
        }
        text.push_str(&format!(
            "{} {}\n",
            styles.name(&escape_line(&revision.revision)),
            escape_line(&revision.message)
        ));
        for remark in remarks {
            text.push_str(&format!("    {}\n", escape_line(&remark)));
        }
    }
    for note in &report.notes {
        text.push_str(&format!("note: {}\n", escape_line(note)));
    }
    text
}

fn remarks(revision: &Revision) -> Vec<String> {
    let mut remarks = Vec::new();
    for (direction, side) in [("upgrade", &revision.upgrade), ("downgrade", &revision.downgrade)] {
        remarks.extend(side.why_empty.iter().map(|why| format!("{direction} is empty: {why}")));
        remarks.extend(side.notes.iter().map(|note| format!("{direction}: {note}")));
    }
    if revision.alone {
        remarks.push("runs without a transaction, as part of it did in Alembic".into());
    }
    remarks
}
