//! Errors in a graph, a target or the rows of a version table.

use super::graph::MAX_NAME_CHARS;

/// Messages are for the user of the command or the author of the migration: they name the revisions and the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    // The declarations.
    #[error("there are more than {limit} branch labels; name branches with them, not every revision")]
    TooManyLabels { limit: usize },
    #[error("revision '{revision}' is declared twice; give one of the two another id")]
    DuplicateRevision { revision: String },
    #[error(
        "branch label '{label}' is declared by revision '{first}' and by revision '{second}'; a label belongs to one revision"
    )]
    DuplicateLabel {
        label: String,
        first: String,
        second: String,
    },
    #[error("branch label '{label}' of revision '{revision}' is also the id of a revision; choose another label")]
    LabelIsRevision { label: String, revision: String },
    #[error("'{}' cannot be the id of a revision: {reason}", shown(.revision))]
    BadRevisionId { revision: String, reason: String },
    #[error("'{}' of revision '{revision}' cannot be a branch label: {reason}", shown(.label))]
    BadLabel {
        label: String,
        revision: String,
        reason: String,
    },
    #[error(
        "revision '{revision}' has the down revision '{}', which does not exist; add the missing migration, or correct \
         down-revisions in the migration.toml of '{revision}'",
        shown(.down)
    )]
    MissingDownRevision { revision: String, down: String },
    #[error(
        "revision '{revision}' depends on '{}', which is neither a revision nor a branch label; add the missing \
         migration, or correct depends-on in the migration.toml of '{revision}'",
        shown(.dependency)
    )]
    MissingDependency { revision: String, dependency: String },
    #[error(
        "revision '{revision}' has the down revision '{label}', which is a branch label; name its revision instead, \
         '{declared}'"
    )]
    DownRevisionIsLabel {
        revision: String,
        label: String,
        declared: String,
    },
    #[error("revision '{revision}' lists the down revision '{down}' twice; remove one")]
    RepeatedDownRevision { revision: String, down: String },
    #[error("revision '{}' is its own down revision or depends on itself", shown(.revision))]
    SelfLoop { revision: String },
    #[error("the down revisions form a cycle, so none of these can be first: {}", circle(.revisions))]
    Cycle { revisions: Vec<String> },
    #[error("the down revisions and dependencies form a cycle, so none of these can be first: {}", circle(.revisions))]
    DependencyCycle { revisions: Vec<String> },

    // Names.
    #[error(
        "no revision or branch label is or starts with '{}'; {}`mighost history` lists them",
        shown(.name),
        where_it_is_known(.name).unwrap_or_else(|| did_you_mean(.similar))
    )]
    UnknownRevision {
        name: String,
        /// An existing similar name.
        similar: Option<String>,
    },
    #[error("'{prefix}' is ambiguous: it matches {}; type more characters", list(.candidates))]
    AmbiguousPrefix { prefix: String, candidates: Vec<String> },
    #[error(
        "there is no branch '{}'; {}`mighost branches` and `mighost history` list the labels",
        shown(.name),
        did_you_mean(.similar)
    )]
    UnknownBranch {
        name: String,
        /// An existing similar name.
        similar: Option<String>,
    },
    #[error("revision '{revision}' does not belong to branch '{branch}'")]
    NotInBranch { revision: String, branch: String },
    #[error(
        "the version table contains '{}', which is not a revision of this project; restore its migration, or correct \
         the version table with `mighost stamp --purge REVISION`",
        shown(.row)
    )]
    UnknownRow { row: String },

    // Targets.
    #[error("{}", multiple_heads(.target, .heads))]
    MultipleHeads { target: String, heads: Vec<String> },
    #[error("'{target}' is not a target; use e.g. `head`, an id, `+1`, `-1`, `label@head` or `id+1`")]
    BadTarget { target: String },
    #[error("a downgrade takes one target, not several: {}; run it once for each", list(.targets))]
    SeveralFloors { targets: Vec<String> },
    #[error(
        "the way {} from {at} is ambiguous: it leads to {}; {}",
        if *.up { "up" } else { "down" },
        list(.candidates),
        if *.up { "name one of them, or a branch as in `label@+1`" } else { "name the one to go back to" }
    )]
    AmbiguousWalk {
        at: String,
        up: bool,
        candidates: Vec<String>,
    },
    #[error("'{target}' goes too far: there is nothing beyond {stop}")]
    TooFar { target: String, stop: String },
    #[error("'{target}' does not lead {}", if *.up { "up; use `mighost downgrade` to go down" } else { "down; use `mighost upgrade` to go up" })]
    WrongWay { target: String, up: bool },
    #[error("'{target}' is ambiguous: it could start from any of {}; name the branch, as in `{}`, or a revision", list(.rows), start(.target, .rows))]
    AmbiguousStart { target: String, rows: Vec<String> },
    #[error("revision '{upper}' already includes revision '{lower}'; name '{upper}' alone")]
    Overlap { lower: String, upper: String },
    #[error("the database is not above '{target}', so there is nothing to downgrade; it is at {}", place(.rows))]
    NotDowngradeTarget { target: String, rows: Vec<String> },

    // Ranges.
    #[error("'{lower}' is not an ancestor of '{upper}', so there is nothing between them")]
    NotAncestor { lower: String, upper: String },
    #[error("'{range}' is not a range; write START:END, e.g. `base:head`")]
    BadRange { range: String },
    #[error("the range '{range}' needs --sql; otherwise the version table gives the start, so name the target alone")]
    RangeOnline { range: String },
    #[error("a downgrade with --sql must say where it starts: write START:{target} instead of {target}")]
    RangeRequired { target: String },
    #[error("--purge cannot be used with --sql: without a database it is not known what to delete")]
    PurgeOffline,
    #[error("the targets start from '{first}' and from '{second}'; with --sql they must have the same start")]
    SeveralStarts { first: String, second: String },

    // New revisions.
    #[error(
        "revision '{revision}' is not a head: {} on it; add --splice to start a new branch there",
        if let [one] = .children.as_slice() { format!("'{one}' builds") } else { format!("{} build", list(.children)) }
    )]
    NotAHead { revision: String, children: Vec<String> },
    #[error("revision '{revision}' is listed twice among the heads; remove one")]
    RepeatedHead { revision: String },

    // The version table.
    #[error(
        "the version table should contain '{row}' once, but contains it {found} times; reset it with `mighost stamp \
         --purge REVISION`"
    )]
    RowMismatch { row: String, found: usize },
    #[error(
        "the version table contains both '{lower}' and '{upper}', which already includes it; reset it with `mighost \
         stamp --purge {}`",
        .rows.join(" ")
    )]
    OverlappingRows {
        lower: String,
        upper: String,
        /// The rows that no other row requires.
        rows: Vec<String>,
    },
    #[error("the version table already contains '{row}'; reset it with `mighost stamp --purge REVISION`")]
    RowTaken { row: String },
}

impl GraphError {
    /// The revisions with wrong declarations, for errors in a graph; empty for those in targets and version tables.
    pub fn declared_by(&self) -> Vec<&str> {
        match self {
            Self::DuplicateRevision { revision }
            | Self::LabelIsRevision { revision, .. }
            | Self::BadRevisionId { revision, .. }
            | Self::BadLabel { revision, .. }
            | Self::MissingDownRevision { revision, .. }
            | Self::MissingDependency { revision, .. }
            | Self::DownRevisionIsLabel { revision, .. }
            | Self::RepeatedDownRevision { revision, .. }
            | Self::SelfLoop { revision } => vec![revision],
            Self::DuplicateLabel { first, second, .. } => vec![first, second],
            Self::Cycle { revisions } | Self::DependencyCycle { revisions } => {
                revisions.iter().map(String::as_str).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// An unchecked name: it may come from anywhere, so control characters are escaped and the length is limited.
fn shown(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        None => name.escape_debug().to_string(),
        Some((end, _)) => format!("{}...", name[..end].escape_debug()),
    }
}

/// The number of names that a message lists; further ones are only counted.
const LISTED: usize = 8;

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(LISTED).map(|name| format!("'{name}'")).collect();
    match (names.len().saturating_sub(LISTED), quoted.split_last()) {
        (0, Some((last, rest))) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (0, _) => quoted.join(", "),
        (more, _) => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn place(rows: &[String]) -> String {
    if rows.is_empty() {
        "the base".to_owned()
    } else {
        list(rows)
    }
}

/// The same number of steps within the branch of the first of the rows.
fn start(target: &str, rows: &[String]) -> String {
    let steps = target.rsplit_once('@').map_or(target, |(_, steps)| steps);
    format!("{}@{steps}", rows.first().map_or("", String::as_str))
}

fn did_you_mean(similar: &Option<String>) -> String {
    similar
        .as_ref()
        .map_or_else(String::new, |name| format!("did you mean '{name}'? "))
}

/// `current` is a word of the listing commands, not a target.
fn where_it_is_known(name: &str) -> Option<String> {
    (name == "current").then(|| {
        "as a name for the applied revisions it works in `mighost show`, `edit` and `history -r` only; ".to_owned()
    })
}

fn circle(revisions: &[String]) -> String {
    let mut names: Vec<String> = revisions.iter().take(LISTED).map(|name| format!("'{name}'")).collect();
    if revisions.len() > LISTED {
        names.push(format!("({} more)", revisions.len() - LISTED));
    }
    names.extend(revisions.first().map(|name| format!("'{name}'")));
    names.join(" -> ")
}

fn multiple_heads(target: &str, heads: &[String]) -> String {
    let merge = if heads.len() > LISTED {
        "heads".to_owned()
    } else {
        heads.join(" ")
    };
    let all = match target.strip_suffix("@head") {
        Some(branch) if !branch.is_empty() => format!("{branch}@heads"),
        _ => "heads".to_owned(),
    };
    format!(
        "'{target}' must be one revision here, but there are {} heads: {}. Join them with `mighost merge {merge}`, use \
         `{all}` for all of them, or name one",
        heads.len(),
        list(heads)
    )
}
