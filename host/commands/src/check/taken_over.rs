//! Finds scripts that were not taken over from Alembic, and were not written since.

use std::fs;

use super::{Finding, FindingKind, count, list};
use crate::context::ProjectHistory;
use crate::init::import_alembic::is_not_taken_over;

/// A warning: a database that is past such a revision does not need its script.
pub(super) fn compare(history: &ProjectHistory) -> Option<Finding> {
    let mut missing = Vec::new();
    for (revision, _) in history.loaded.revisions() {
        let Some(folder) = history.loaded.place(&revision.revision) else {
            continue;
        };
        for direction in ["upgrade", "downgrade"] {
            let script = fs::read_to_string(folder.join(direction).with_extension("sql"));
            if script.is_ok_and(|script| is_not_taken_over(&script)) {
                missing.push(format!("{direction} of {}", revision.revision));
            }
        }
    }
    let what = format!(
        "{} not taken over from Alembic: {}",
        count(missing.len(), "script"),
        list(&missing)
    );
    (!missing.is_empty()).then(|| {
        Finding::warning(FindingKind::NotTakenOver, what)
            .advise("write them before they are run: until then they fail, and say why")
    })
}
