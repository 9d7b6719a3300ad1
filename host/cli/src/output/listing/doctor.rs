//! The output of `mighost doctor`.

use super::super::{Styles, escape_line};
use mighost_build::toolchain::{Origin, ToolStatus};
use mighost_commands::doctor::{DoctorReport, LanguageReport, Readiness};

/// The state of each language, the embedded server, folders.
pub fn doctor(report: &DoctorReport, styles: Styles) -> String {
    let mut text = String::new();
    for language in &report.languages {
        text.push_str(&language_lines(language, styles));
    }
    let server = match (&report.server.version, &report.server.folder) {
        (Some(version), Some(folder)) => {
            format!(
                "{} {} in {}",
                styles.good("ready"),
                escape_line(version),
                escape_line(&folder.to_string_lossy())
            )
        }
        _ => {
            let problem = report.server.problem.as_deref().unwrap_or("not installed");
            format!("{} {}", styles.warning("lacking"), escape_line(problem))
        }
    };
    text.push_str(&format!("embedded PostgreSQL: {server}\n"));
    for folder in &report.folders {
        let size = folder.size.map_or("not created yet".to_owned(), megabytes);
        text.push_str(&format!(
            "{}: {} ({size})\n",
            folder.what,
            escape_line(&folder.path.to_string_lossy())
        ));
    }
    text
}

fn language_lines(language: &LanguageReport, styles: Styles) -> String {
    let state = match language.readiness {
        Readiness::Ready => styles.good("ready"),
        Readiness::Installable => "installed on the first build".to_owned(),
        Readiness::Lacking => styles.warning("lacking"),
    };
    let version = language
        .version
        .iter()
        .map(|version| format!(", {}", escape_line(version)));
    let mut text = format!(
        "{}: {state}{}\n",
        styles.name(language.language),
        version.collect::<String>()
    );
    for tool in language.tools.iter().filter(|tool| tool.problem.is_none()) {
        text.push_str(&format!("    {}\n", tool_line(tool)));
    }
    for (name, line) in [("problem", &language.problem), ("hint", &language.hint)] {
        if let Some(line) = line {
            text.push_str(&format!("    {name}: {}\n", escape_line(line)));
        }
    }
    text
}

fn tool_line(tool: &ToolStatus) -> String {
    let Some(program) = &tool.program else {
        return format!("{}: {}, by {}", tool.tool, tool.package, tool.registry.client());
    };
    let origin = match tool.origin {
        Some(Origin::Setting) => ", set in mighost.toml",
        Some(Origin::Path) => ", on the PATH",
        _ => "",
    };
    let size = tool
        .size
        .map(|size| format!(", {}", megabytes(size)))
        .unwrap_or_default();
    let version = tool.version.as_deref().unwrap_or_default();
    format!(
        "{} {} in {}{origin}{size}",
        tool.tool,
        escape_line(version),
        escape_line(&program.to_string_lossy())
    )
}

fn megabytes(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KB", bytes >> 10),
        megabytes => format!("{megabytes} MB"),
    }
}
