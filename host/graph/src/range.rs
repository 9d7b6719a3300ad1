//! Ranges `a:b` for commands that write SQL instead of running it: there is no database with a current revision.

use super::error::GraphError;
use super::graph::Graph;
use super::plan::Plan;
use mighost_core::Direction;

/// Targets with their starting point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offline<'a> {
    /// The `a` of `a:b`; `None` for the base.
    pub start: Option<&'a str>,
    pub targets: Vec<&'a str>,
}

/// Refuses `a:b` as a target of an online command: there the version table is the starting point.
pub fn parse_online(targets: &[&str]) -> Result<(), GraphError> {
    match targets.iter().find(|target| target.contains(':')) {
        Some(range) => Err(GraphError::RangeOnline {
            range: (*range).to_owned(),
        }),
        None => Ok(()),
    }
}

/// Splits the targets of a command with `--sql`. A downgrade needs a starting point; a stamp of several targets has one starting point,
/// and cannot purge, because the rows to delete are unknown.
pub fn parse_offline<'a>(direction: Direction, targets: &[&'a str], purge: bool) -> Result<Offline<'a>, GraphError> {
    if purge {
        return Err(GraphError::PurgeOffline);
    }
    let mut offline = Offline {
        start: None,
        targets: Vec::with_capacity(targets.len()),
    };
    for range in targets {
        let bad = || GraphError::BadRange {
            range: (*range).to_owned(),
        };
        let (start, target) = match range.split_once(':') {
            None if direction == Direction::Downgrade => {
                return Err(GraphError::RangeRequired {
                    target: (*range).to_owned(),
                });
            }
            None => (None, *range),
            Some((start, target)) if start.is_empty() || target.contains(':') => return Err(bad()),
            Some((start, target)) => (Some(start), target),
        };
        match (offline.start, start) {
            (Some(first), Some(second)) if first != second => {
                return Err(GraphError::SeveralStarts {
                    first: first.to_owned(),
                    second: second.to_owned(),
                });
            }
            (None, Some(start)) => offline.start = Some(start),
            _ => {}
        }
        offline.targets.push(target);
    }
    Ok(offline)
}

impl Graph {
    /// The plan of a command with `--sql`: targets may be ranges, see [`parse_offline`].
    pub fn offline(&self, direction: Direction, targets: &[&str], purge: bool) -> Result<Plan, GraphError> {
        let offline = parse_offline(direction, targets, purge)?;
        let rows = match offline.start {
            None => Vec::new(),
            Some(start) => self.rows_at(start)?,
        };
        match (direction, offline.targets.as_slice()) {
            (Direction::Upgrade, targets) => self.upgrade(&rows, targets),
            (Direction::Downgrade, [target]) => self.downgrade(&rows, target),
            (Direction::Downgrade, several) => Err(GraphError::SeveralFloors {
                targets: several.iter().map(|target| (*target).to_owned()).collect(),
            }),
            (Direction::Stamp, targets) => self.stamp(&rows, targets, false),
        }
    }

    /// The rows that a database at `start` has.
    pub fn rows_at(&self, start: &str) -> Result<Vec<String>, GraphError> {
        Ok(self
            .revision(start)?
            .into_iter()
            .map(|index| self.id(index).to_owned())
            .collect())
    }
}
