//! The revisions that `history`, `show` and `current` list.

use super::error::GraphError;
use super::graph::Graph;
use super::relative::Walk;
use super::targets::Origin;

impl Graph {
    /// The revisions for `show TARGET`.
    pub fn show(&self, target: &str) -> Result<Vec<&str>, GraphError> {
        Ok(self.ids(&self.revisions(target)?))
    }

    /// The state of a database with these rows: the last applied revision of each branch, including those without a row because something
    /// depends on them.
    pub fn current(&self, rows: &[String]) -> Result<Vec<&str>, GraphError> {
        let rows = self.rows(rows)?;
        Ok(self.ids(&self.current_indices(&rows)))
    }

    /// The applied revisions of a database with these rows: the rows and everything that they need.
    pub fn applied(&self, rows: &[String]) -> Result<Vec<&str>, GraphError> {
        let rows = self.rows(rows)?;
        Ok(self.needed_by(&rows).iter().map(|index| self.id(index)).collect())
    }

    pub(super) fn current_indices(&self, rows: &[usize]) -> Vec<usize> {
        let applied = self.needed_by(rows);
        applied
            .iter()
            .filter(|&index| {
                !self.entries[index]
                    .children
                    .iter()
                    .any(|&child| applied.contains(child))
            })
            .collect()
    }

    /// The revisions of a range, newest first, including both ends.
    ///
    /// `range` is `a:b`, `a:` or `:b`; `None` means all revisions. Either end may be `current`, which stands for `rows`. An empty first
    /// end is the base, an empty second end `heads`; `-3:` counts from the heads and `:+1` from the first end.
    pub fn history(&self, rows: &[String], range: Option<&str>) -> Result<Vec<&str>, GraphError> {
        let Some(range) = range else {
            return Ok(self.newest_first());
        };
        let bad = || GraphError::BadRange {
            range: range.to_owned(),
        };
        let (lower, upper) = range.trim().split_once(':').ok_or_else(bad)?;
        if upper.contains(':') {
            return Err(bad());
        }
        let lower = if lower.is_empty() { "base" } else { lower };
        let upper = if upper.is_empty() { "heads" } else { upper };
        let rows = if lower == "current" || upper == "current" {
            self.rows(rows)?
        } else {
            Vec::new()
        };
        let origin = if lower == "current" {
            Origin::Rows(&rows)
        } else {
            Origin::Symbol(lower)
        };
        let mut targets = if upper == "current" {
            rows.clone()
        } else {
            self.upgrade_targets(origin, upper, false)?
        };
        if let Origin::Symbol(lower) = origin
            && let Some(branch) = self.range_branch(lower)?
        {
            targets.retain(|&target| self.carries(target, branch));
        }
        if let Some((lower, upper)) = self.overlap(&targets) {
            return Err(GraphError::Overlap {
                lower: self.id(lower).to_owned(),
                upper: self.id(upper).to_owned(),
            });
        }
        let starts = match origin {
            Origin::Rows(rows) => rows.to_vec(),
            Origin::Symbol(lower) => self.starts(lower, upper, &rows)?,
        };
        Ok(self.ids(&self.between(&starts, &targets, lower, upper)?))
    }

    /// The revisions for the first end of a range.
    fn starts(&self, lower: &str, upper: &str, rows: &[usize]) -> Result<Vec<usize>, GraphError> {
        let too_far = match self.revisions(lower) {
            Err(error @ GraphError::TooFar { .. }) => error,
            result => return result,
        };
        // `-3:` with a shorter line: from the beginning of the line.
        let start = match (upper, rows) {
            ("current", [row]) => Some(*row),
            ("current", [_, _, ..]) => {
                return Err(GraphError::AmbiguousStart {
                    target: lower.to_owned(),
                    rows: self.owned_ids(rows),
                });
            }
            ("current", []) => None,
            (upper, _) => self.revision(upper)?,
        };
        let steps = lower.strip_prefix('-').and_then(|digits| digits.parse::<i64>().ok());
        let (Some(steps), Some(start)) = (steps, start) else {
            return Err(too_far);
        };
        match self.walk(Some(start), -steps, None)? {
            Walk::Arrived(place) | Walk::Stopped(place) => Ok(place.into_iter().collect()),
        }
    }

    fn between(&self, starts: &[usize], targets: &[usize], lower: &str, upper: &str) -> Result<Vec<usize>, GraphError> {
        let needed = self.needed_by(targets);
        if starts.iter().any(|&start| !needed.contains(start)) {
            return Err(GraphError::NotAncestor {
                lower: lower.to_owned(),
                upper: upper.to_owned(),
            });
        }
        if let Some((lower, upper)) = self.overlap(starts) {
            return Err(GraphError::Overlap {
                lower: self.id(lower).to_owned(),
                upper: self.id(upper).to_owned(),
            });
        }
        let mut wanted = needed;
        if !starts.is_empty() {
            let before = self.needed_by(starts);
            let above = self.above(starts);
            let first = self.set_of(starts);
            wanted.retain(|index| above.contains(index) && (!before.contains(index) || first.contains(index)));
        }
        // Revisions between two others that are connected only by a dependency are not shown, but they affect the order.
        let members: Vec<usize> = wanted.iter().collect();
        let lower_part = self.needed_by(&members);
        let mut hull = self.needing(&members);
        hull.retain(|index| lower_part.contains(index));
        let mut order = self.sort(&hull, targets);
        order.retain(|&index| wanted.contains(index));
        Ok(order)
    }
}
