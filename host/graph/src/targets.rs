//! Targets as revisions: `head`, `+2`, `label@-1`, `id+1` and so on.

use super::error::GraphError;
use super::graph::Graph;
use super::lookup::split_branch;
use super::relative::Walk;

/// `[branch@][symbol]+N` or `-N`.
struct Relative<'a> {
    branch: Option<&'a str>,
    symbol: Option<&'a str>,
    steps: i64,
}

/// The starting point of a relative target without a symbol.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// The rows of the version table.
    Rows(&'a [usize]),
    /// The other end of a range.
    Symbol(&'a str),
}

/// The revision that a downgrade leaves; `None` for the base. The branch limits what is reverted.
pub(super) struct Floor {
    pub(super) branch: Option<usize>,
    pub(super) target: Option<usize>,
}

impl Graph {
    /// Parses a relative target; `None` if `text` is something else. A name that looks like one is a name.
    fn relative<'a>(&self, text: &'a str) -> Result<Option<Relative<'a>>, GraphError> {
        let Some(at) = text.rfind(['+', '-']) else {
            return Ok(None);
        };
        let (place, steps) = text.split_at(at);
        let digits = &steps[1..];
        if self.names.contains_key(text) || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let (branch, symbol) = match place.rsplit_once('@') {
            Some((branch, symbol)) => (Some(branch), symbol),
            None => (None, place),
        };
        if branch.is_some_and(str::is_empty) || symbol.contains(['+', '-']) && !self.names.contains_key(symbol) {
            return Err(GraphError::BadTarget {
                target: text.to_owned(),
            });
        }
        let count = digits.parse().unwrap_or(i64::MAX);
        Ok(Some(Relative {
            branch,
            symbol: Some(symbol).filter(|symbol| !symbol.is_empty()),
            steps: if steps.starts_with('-') { -count } else { count },
        }))
    }

    /// The target revisions of an upgrade; empty for the base. With `strict` a relative target must not go beyond the last revision;
    /// otherwise it stops there.
    pub(super) fn upgrade_targets(
        &self,
        from: Origin<'_>,
        target: &str,
        strict: bool,
    ) -> Result<Vec<usize>, GraphError> {
        let Some(relative) = self.relative(target)? else {
            return self.revisions(target);
        };
        let (start, branch) = match relative.symbol {
            None if relative.steps <= 0 => {
                return Err(GraphError::WrongWay {
                    target: target.to_owned(),
                    up: true,
                });
            }
            None => (self.start_of_upgrade(from, &relative, target)?, relative.branch),
            Some(symbol) if relative.steps > 0 => (self.revision(symbol)?, relative.branch),
            Some(symbol) => (self.within(relative.branch, symbol)?, None),
        };
        let place = match self.walk(start, relative.steps, branch)? {
            Walk::Arrived(place) => place,
            Walk::Stopped(place) if strict => return Err(self.too_far(target, place)),
            Walk::Stopped(place) => place,
        };
        Ok(place.into_iter().collect())
    }

    /// The single revision from which `+N` or `branch@+N` counts.
    fn start_of_upgrade(
        &self,
        from: Origin<'_>,
        relative: &Relative<'_>,
        target: &str,
    ) -> Result<Option<usize>, GraphError> {
        let rows = match (from, relative.branch) {
            (Origin::Rows(rows), _) => rows.to_vec(),
            (Origin::Symbol(symbol), Some(_)) => self.revisions(symbol)?,
            (Origin::Symbol(symbol), None) => return self.revision(symbol),
        };
        let starts = match relative.branch {
            None => rows,
            Some(branch) => {
                let mut starts = self.in_lineage(rows.clone(), branch, false)?;
                if starts.is_empty() {
                    starts = self.tips_on_branch(&rows, branch)?;
                }
                starts
            }
        };
        match starts.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(GraphError::AmbiguousStart {
                target: target.to_owned(),
                rows: self.owned_ids(several),
            }),
        }
    }

    /// If no row is on the branch: the last revisions of the branch that the rows need.
    fn tips_on_branch(&self, rows: &[usize], branch: &str) -> Result<Vec<usize>, GraphError> {
        let active = self.in_lineage(self.needed_by(rows).iter().collect(), branch, false)?;
        let mut below = self.empty_set();
        for &index in &active {
            for &parent in &self.entries[index].requires {
                below.insert(parent);
            }
        }
        Ok(active.into_iter().filter(|&index| !below.contains(index)).collect())
    }

    /// The revisions that remain after a downgrade to `target`.
    pub(super) fn downgrade_floor(&self, rows: &[usize], target: &str) -> Result<Floor, GraphError> {
        let Some(relative) = self.relative(target)? else {
            // Unlike elsewhere, the branch does not select a head; it selects the branch to revert.
            let (branch, symbol) = match target.rsplit_once('@') {
                Some((branch, symbol)) => (Some(branch).filter(|branch| !branch.is_empty()), symbol),
                None => (None, target),
            };
            return Ok(Floor {
                target: self.revision(symbol)?,
                branch: branch.map(|branch| self.branch(branch)).transpose()?,
            });
        };
        if relative.symbol.is_none() && relative.steps >= 0 {
            return Err(GraphError::WrongWay {
                target: target.to_owned(),
                up: false,
            });
        }
        let branch = relative.branch.map(|branch| self.branch(branch)).transpose()?;
        let target = match relative.symbol {
            None => {
                let start = self.start_of_downgrade(rows, &relative, target)?;
                return Ok(Floor {
                    branch: branch.or(Some(start)),
                    target: self.walk_all(Some(start), relative.steps, None, target)?,
                });
            }
            Some(symbol) if relative.steps >= 0 => {
                let start = self.revision(symbol)?;
                match self.walk_all(start, relative.steps, relative.branch, target)? {
                    Some(index) => Some(index),
                    None => return Err(self.too_far(target, None)),
                }
            }
            Some(symbol) => self.walk_all(self.within(relative.branch, symbol)?, relative.steps, None, target)?,
        };
        Ok(Floor { branch, target })
    }

    /// The single revision from which `-N` or `branch@-N` counts.
    fn start_of_downgrade(&self, rows: &[usize], relative: &Relative<'_>, target: &str) -> Result<usize, GraphError> {
        let mut starts = match relative.branch {
            None => rows.to_vec(),
            Some(branch) => {
                let mut starts = self.in_lineage(rows.to_vec(), branch, false)?;
                if starts.is_empty() {
                    starts = self.in_lineage(self.current_indices(rows), branch, false)?;
                }
                starts
            }
        };
        starts.dedup();
        match starts.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.too_far(target, None)),
            several => Err(GraphError::AmbiguousStart {
                target: target.to_owned(),
                rows: self.owned_ids(several),
            }),
        }
    }

    fn within(&self, branch: Option<&str>, symbol: &str) -> Result<Option<usize>, GraphError> {
        match branch {
            None => self.revision(symbol),
            Some(branch) => self.revision(&format!("{branch}@{symbol}")),
        }
    }

    /// The first end of a history range, as a branch that limits the other end: the label, if it has one.
    pub(super) fn range_branch<'a>(&'a self, lower: &'a str) -> Result<Option<&'a str>, GraphError> {
        if !lower.contains('@') {
            return Ok(None);
        }
        let branch = split_branch(lower).0.unwrap_or_default();
        match self.revision(branch)? {
            Some(index) if self.id(index) == branch => match self.carried(index).collect::<Vec<_>>().as_slice() {
                [label] => Ok(Some(label)),
                _ => Err(GraphError::UnknownBranch {
                    name: branch.to_owned(),
                    similar: self.similar(branch),
                }),
            },
            _ => Ok(Some(branch)),
        }
    }
}
