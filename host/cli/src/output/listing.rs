//! Reports of commands as text for users. Texts from artifacts and the database are escaped here.

mod doctor;
mod takeover;
mod trust;

pub use doctor::doctor;
pub use takeover::taken_over;
pub use trust::{policy, trust_check, verified};

use super::{Styles, escape_line, escape_text};
use mighost_commands::branches::BranchPoint;
use mighost_commands::check::CheckReport;
use mighost_commands::current::CurrentReport;
use mighost_commands::db::DbReport;
use mighost_commands::history::RevisionSummary;
use mighost_commands::inspect::InspectReport;
use mighost_commands::list_templates::TemplateReport;
use mighost_commands::plugins::PluginReport;
use mighost_core::TransactionMode;

/// Revisions, one line each; with `verbose` one paragraph each.
pub fn revisions(revisions: &[RevisionSummary], verbose: bool, styles: Styles) -> String {
    let texts: Vec<_> = revisions
        .iter()
        .map(|revision| {
            if verbose {
                paragraph(revision, styles)
            } else {
                line(revision, styles)
            }
        })
        .collect();
    texts.join(if verbose { "\n" } else { "" })
}

/// `parents (dependencies) -> revision (marks), message`, as in Alembic.
fn line(revision: &RevisionSummary, styles: Styles) -> String {
    let parents = if revision.down_revisions.is_empty() {
        "<base>".into()
    } else {
        escape_line(&revision.down_revisions.join(", ")).into_owned()
    };
    let labels = match revision.labels.as_slice() {
        [] => String::new(),
        labels => format!(" [{}]", escape_line(&labels.join(", "))),
    };
    let needs = match revision.depends_on.as_slice() {
        [] => String::new(),
        needs => format!(" ({})", escape_line(&needs.join(", "))),
    };
    let name = styles.name(&escape_line(&revision.revision));
    format!(
        "{parents}{needs} -> {name}{labels}{}, {}\n",
        marks(revision),
        escape_line(&revision.message)
    )
}

/// The text beside a revision in a picture of the history.
pub(super) fn line_of_graph(revision: &RevisionSummary, styles: Styles) -> String {
    let labels = match revision.labels.as_slice() {
        [] => String::new(),
        labels => styles.good(&format!(" [{}]", escape_line(&labels.join(", ")))),
    };
    let needs = match revision.depends_on.as_slice() {
        [] => String::new(),
        needs => format!(" (needs {})", escape_line(&needs.join(", "))),
    };
    let name = styles.name(&escape_line(&revision.revision));
    let message = escape_line(&revision.message);
    let mut line = format!("{name}{labels}{}{needs}, {message}", styles.bold(&marks(revision)));
    if let Some(applied) = applied(revision) {
        line.push_str(&styles.dim(&format!(", {applied}")));
    }
    line
}

/// The further lines of a revision in a picture of the history.
pub(super) fn paragraph_of_graph(revision: &RevisionSummary) -> String {
    let text = paragraph(revision, Styles::plain());
    let lines = text.lines().skip(1).filter(|line| !line.starts_with(' '));
    let message = revision.message.lines().skip(1).map(escape_line);
    let lines: Vec<String> = lines.map(str::to_owned).chain(message.map(Into::into)).collect();
    lines.join("\n")
}

/// Whether and when a revision was applied, where a database was asked.
fn applied(revision: &RevisionSummary) -> Option<String> {
    match (revision.applied?, &revision.applied_at) {
        (false, _) => Some("not applied".into()),
        (true, Some(at)) => Some(format!("applied {}", escape_line(at))),
        (true, None) => None,
    }
}

fn marks(revision: &RevisionSummary) -> String {
    let marks = [
        (revision.head, "head"),
        (revision.branch_point, "branchpoint"),
        (revision.merge_point, "mergepoint"),
        (revision.current == Some(true), "current"),
    ];
    marks
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, mark)| format!(" ({mark})"))
        .collect()
}

fn paragraph(revision: &RevisionSummary, styles: Styles) -> String {
    let list = |names: &[String], none: &str| {
        if names.is_empty() {
            none.to_owned()
        } else {
            escape_line(&names.join(", ")).into_owned()
        }
    };
    let mut text = format!(
        "Revision: {}{}\n",
        styles.name(&escape_line(&revision.revision)),
        marks(revision)
    );
    text.push_str(&format!("Parents:  {}\n", list(&revision.down_revisions, "<base>")));
    if !revision.depends_on.is_empty() {
        text.push_str(&format!("Depends:  {}\n", list(&revision.depends_on, "")));
    }
    if !revision.labels.is_empty() {
        text.push_str(&format!("Labels:   {}\n", list(&revision.labels, "")));
    }
    if let Some(date) = &revision.date {
        text.push_str(&format!("Date:     {}\n", escape_line(date)));
    }
    if let Some(applied) = applied(revision) {
        text.push_str(&format!("Database: {applied}\n"));
    }
    if let Some(signer) = &revision.signer {
        text.push_str(&format!("Signed:   {}\n", escape_line(signer)));
    }
    if revision.transaction == Some(TransactionMode::None) {
        text.push_str("Runs:     without a transaction\n");
    }
    text.push_str(&format!(
        "Path:     {}\n",
        escape_line(&revision.path.to_string_lossy())
    ));
    for line in escape_text(&revision.message).lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// The rows of the version table.
pub fn current(report: &CurrentReport, verbose: bool, styles: Styles) -> String {
    let mut text = String::new();
    for current in &report.revisions {
        match &current.summary {
            Some(summary) if verbose => {
                let signer = current.signer.clone();
                let summary = RevisionSummary {
                    signer,
                    ..summary.clone()
                };
                text.push_str(&paragraph(&summary, styles));
            }
            Some(summary) => {
                let name = styles.name(&escape_line(&current.revision));
                text.push_str(&format!("{name}{}\n", marks(summary)));
            }
            None => {
                let signed = match &current.signer {
                    Some(signer) => format!(", signed by {}", escape_line(signer)),
                    None => String::new(),
                };
                let revision = escape_line(&current.revision);
                text.push_str(&format!("{revision} (not a revision of this project){signed}\n"));
            }
        }
    }
    text
}

/// Branch points, each with its children.
pub fn branches(points: &[BranchPoint], verbose: bool, styles: Styles) -> String {
    let mut text = String::new();
    for BranchPoint { point, children } in points {
        text.push_str(&if verbose {
            paragraph(point, styles)
        } else {
            line(point, styles)
        });
        for child in children {
            text.push_str(&format!(
                "    -> {}",
                line(child, styles).split_once("-> ").map_or("", |(_, child)| child)
            ));
        }
    }
    text
}

/// Inconsistencies, with hints.
pub fn check(report: &CheckReport, styles: Styles) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let label = if finding.error {
            styles.error("error")
        } else {
            styles.warning("warning")
        };
        text.push_str(&format!("{label}: {}\n", escape_line(&finding.what)));
        for advice in &finding.advice {
            text.push_str(&format!("  {}\n", escape_line(advice)));
        }
    }
    if report.findings.is_empty() {
        let revisions = match report.revisions {
            1 => "1 revision".to_owned(),
            number => format!("{number} revisions"),
        };
        text = match &report.database {
            Some(label) => {
                let rows = if report.rows.is_empty() {
                    "the base".to_owned()
                } else {
                    report.rows.join(", ")
                };
                format!(
                    "sources, artifacts and {label} agree: {revisions}, at {}\n",
                    escape_line(&rows)
                )
            }
            None => format!("sources and artifacts agree: {revisions}\n"),
        };
    }
    text
}

/// Plugins with what they provide.
pub fn plugins(plugins: &[PluginReport], verbose: bool, styles: Styles) -> String {
    let mut text = String::new();
    for plugin in plugins {
        let (name, version) = (styles.name(&escape_line(&plugin.name)), escape_line(&plugin.version));
        text.push_str(&format!("{name} {version}: {}\n", escape_line(&plugin.description)));
        for interface in &plugin.interfaces {
            text.push_str(&format!("    operations {}\n", escape_line(interface)));
        }
        if !plugin.kinds.is_empty() {
            text.push_str(&format!("    kinds {}\n", escape_line(&plugin.kinds.join(", "))));
        }
        for hook in &plugin.hooks {
            text.push_str(&format!("    hook {hook}\n"));
        }
        for import in &plugin.imports {
            text.push_str(&format!("    needs {}\n", escape_line(import)));
        }
        if verbose {
            text.push_str(&format!(
                "    {}\n    sha256 {}\n",
                plugin.path.display(),
                plugin.digest
            ));
        }
    }
    text
}

/// Templates with their files.
pub fn templates(templates: &[TemplateReport], styles: Styles) -> String {
    let mut text = String::new();
    for template in templates {
        let name = styles.name(&escape_line(&template.name));
        let default = if template.default { " (default)" } else { "" };
        let description = match template.description.as_str() {
            "" => String::new(),
            description => format!(": {}", escape_line(description)),
        };
        text.push_str(&format!("{name}{default}{description}\n"));
        text.push_str(&format!("    writes {}\n", escape_line(&template.files.join(", "))));
        if let Some(folder) = &template.folder {
            text.push_str(&format!("    from {}\n", escape_line(&folder.to_string_lossy())));
        }
    }
    text
}

/// A `.wasm` file.
pub fn inspection(inspected: &InspectReport, styles: Styles) -> String {
    let report = &inspected.inspection;
    let mut text = format!(
        "size     {} bytes\nsha256   {}\ncode     {}\n",
        report.size, report.digest, report.code_digest
    );
    trust::inspected(&mut text, inspected, styles);
    if let Some(metadata) = &report.revisions {
        text.push_str(&format!(
            "built by {}, for mighost:host@{}\n",
            escape_line(&metadata.builder),
            escape_line(&metadata.wit)
        ));
        for revision in &metadata.revisions {
            let parents = if revision.down_revisions.is_empty() {
                "<base>".into()
            } else {
                revision.down_revisions.join(", ")
            };
            let name = styles.name(&escape_line(&revision.revision));
            text.push_str(&format!(
                "revision {name}, on {}: {}\n",
                escape_line(&parents),
                escape_line(&revision.message)
            ));
        }
    }
    if let Some(plugin) = &report.plugin {
        text.push_str(&format!(
            "built by {}, for mighost:host@{}\n",
            escape_line(&plugin.builder),
            escape_line(&plugin.wit)
        ));
        let (name, version) = (styles.name(&escape_line(&plugin.name)), escape_line(&plugin.version));
        text.push_str(&format!(
            "plugin   {name} {version}: {}\n",
            escape_line(&plugin.description)
        ));
        if !plugin.kinds.is_empty() {
            text.push_str(&format!("kinds    {}\n", escape_line(&plugin.kinds.join(", "))));
        }
    }
    let lists = [("imports", &report.imports), ("exports", &report.exports)];
    for (title, names) in lists {
        text.push_str(&format!("{title}\n"));
        for name in names {
            text.push_str(&format!("    {}\n", escape_line(name)));
        }
    }
    if !report.assets.is_empty() {
        text.push_str("assets\n");
        for (name, size) in &report.assets {
            text.push_str(&format!("    {} ({size} bytes)\n", escape_line(name)));
        }
    }
    text
}

/// The embedded server.
pub fn server(report: &DbReport) -> String {
    let mut text = String::new();
    if let Some(done) = report.done {
        text.push_str(&format!("{done}\n"));
    }
    match (&report.url, report.pid) {
        (Some(url), Some(pid)) => text.push_str(&format!("running, process {pid}\n{url}\n")),
        // The action is already reported.
        _ if report.done.is_some() => {}
        _ => text.push_str("not running\n"),
    }
    if report.major.is_none() && report.done.is_some() {
        return text;
    }
    let major = report
        .major
        .map_or_else(|| "no data yet".into(), |major| format!("data of PostgreSQL {major}"));
    text.push_str(&format!(
        "{major} in {}\nlog in {}\n",
        report.data.display(),
        report.log.display()
    ));
    text
}
