//! The data for a new revision, for the commands `revision` and `merge`.

use super::build::{check_id, check_label};
use super::error::GraphError;
use super::graph::Graph;

/// A revision to create.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewRevision<'a> {
    pub revision: &'a str,
    /// The targets for its down revisions; `head` by default.
    pub heads: &'a [&'a str],
    /// Whether its down revisions may have children already.
    pub splice: bool,
    pub depends_on: &'a [&'a str],
    pub branch_labels: &'a [&'a str],
}

/// The declarations of the new revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents {
    /// Empty for a new base.
    pub down_revisions: Vec<String>,
    /// Ids; labels if the label was given and its revision carries it.
    pub depends_on: Vec<String>,
}

impl Graph {
    /// Finds the down revisions and dependencies of `new`.
    pub fn parents(&self, new: &NewRevision<'_>) -> Result<Parents, GraphError> {
        check_id(new.revision)?;
        if self.names.contains_key(new.revision) {
            return Err(GraphError::DuplicateRevision {
                revision: new.revision.to_owned(),
            });
        }
        for label in new.branch_labels {
            check_label(label, new.revision)?;
            if let Some(&index) = self.names.get(*label) {
                return Err(GraphError::DuplicateLabel {
                    label: (*label).to_owned(),
                    first: self.id(index).to_owned(),
                    second: new.revision.to_owned(),
                });
            }
        }
        let mut down = Vec::new();
        for head in if new.heads.is_empty() { &["head"] } else { new.heads } {
            down.extend(self.revisions(head)?);
        }
        let mut seen = self.empty_set();
        for &index in &down {
            if !seen.insert(index) {
                return Err(GraphError::RepeatedHead {
                    revision: self.id(index).to_owned(),
                });
            }
        }
        let inner = down
            .iter()
            .find(|&&index| !new.splice && !self.entries[index].children.is_empty());
        if let Some(&index) = inner {
            return Err(GraphError::NotAHead {
                revision: self.id(index).to_owned(),
                children: self.owned_ids(&self.entries[index].children),
            });
        }
        let depends_on = new
            .depends_on
            .iter()
            .map(|name| match self.revision(name)? {
                Some(index) if self.carries(index, name) => Ok((*name).to_owned()),
                Some(index) => Ok(self.id(index).to_owned()),
                None => Err(self.unknown(name)),
            })
            .collect::<Result<_, GraphError>>()?;
        Ok(Parents {
            down_revisions: self.owned_ids(&down),
            depends_on,
        })
    }
}
