//! Relative steps up or down the line.

use super::error::GraphError;
use super::graph::Graph;

/// The end of a walk; `None` for the base.
pub(super) enum Walk {
    Arrived(Option<usize>),
    /// The line was too short.
    Stopped(Option<usize>),
}

impl Graph {
    /// Goes `steps` up (down where negative) from `start` along down revisions. `branch` chooses the way up at a branch point.
    pub(super) fn walk(&self, start: Option<usize>, steps: i64, branch: Option<&str>) -> Result<Walk, GraphError> {
        let members = match branch {
            Some(branch) if steps > 0 => {
                let all = (0..self.entries.len()).collect();
                let mut set = self.empty_set();
                for index in self.in_lineage(all, branch, false)? {
                    set.insert(index);
                }
                Some(set)
            }
            _ => None,
        };
        let mut place = start;
        for _ in 0..steps.unsigned_abs() {
            let next: Vec<Option<usize>> = match (place, steps > 0) {
                (None, true) => self.base_indices().into_iter().map(Some).collect(),
                (Some(index), true) => self.entries[index].children.iter().copied().map(Some).collect(),
                (None, false) => Vec::new(),
                (Some(index), false) => match self.entries[index].down.as_slice() {
                    [] => vec![None],
                    down => down.iter().copied().map(Some).collect(),
                },
            };
            let next: Vec<Option<usize>> = match &members {
                Some(members) => next
                    .into_iter()
                    .filter(|place| place.is_none_or(|index| members.contains(index)))
                    .collect(),
                None => next,
            };
            match next.as_slice() {
                [] => return Ok(Walk::Stopped(place)),
                [one] => place = *one,
                several => {
                    return Err(GraphError::AmbiguousWalk {
                        at: self.place(place),
                        up: steps > 0,
                        candidates: self.owned_ids(&several.iter().copied().flatten().collect::<Vec<_>>()),
                    });
                }
            }
        }
        Ok(Walk::Arrived(place))
    }

    /// Like [`Graph::walk`], but fails if the line is too short.
    pub(super) fn walk_all(
        &self,
        start: Option<usize>,
        steps: i64,
        branch: Option<&str>,
        target: &str,
    ) -> Result<Option<usize>, GraphError> {
        match self.walk(start, steps, branch)? {
            Walk::Arrived(place) => Ok(place),
            Walk::Stopped(place) => Err(self.too_far(target, place)),
        }
    }

    pub(super) fn too_far(&self, target: &str, place: Option<usize>) -> GraphError {
        GraphError::TooFar {
            target: target.to_owned(),
            stop: self.place(place),
        }
    }

    pub(super) fn place(&self, place: Option<usize>) -> String {
        place.map_or_else(
            || "the base".to_owned(),
            |index| format!("revision '{}'", self.id(index)),
        )
    }
}
