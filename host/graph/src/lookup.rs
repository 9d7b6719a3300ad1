//! Finds revisions by ids, labels and prefixes, and resolves symbols such as `label@head`.

use super::error::GraphError;
use super::graph::Graph;
use super::relative::Walk;
use mighost_core::nearest;

impl Graph {
    /// The id of the revision that `name` refers to: an id, a label, or a unique prefix.
    pub fn get(&self, name: &str) -> Result<&str, GraphError> {
        self.identify(name, None).map(|index| self.id(index))
    }

    /// Like [`Graph::get`], but within the lineage of `branch` if one is given.
    pub(super) fn identify(&self, name: &str, branch: Option<&str>) -> Result<usize, GraphError> {
        let members = match branch {
            None => None,
            Some(branch) => Some(self.lineage_set(&[self.branch(branch)?], false)),
        };
        let index = match self.names.get(name) {
            Some(&index) => index,
            None => {
                let mut found = self.with_prefix(name).to_vec();
                if let Some(members) = &members {
                    found.retain(|&(_, index)| members.contains(index));
                }
                match found.as_slice() {
                    [] => {
                        return Err(self.unknown(name));
                    }
                    [(_, index)] => *index,
                    several => {
                        return Err(GraphError::AmbiguousPrefix {
                            prefix: name.to_owned(),
                            candidates: several.iter().map(|(name, _)| name.clone()).collect(),
                        });
                    }
                }
            }
        };
        match (members, branch) {
            (Some(members), Some(branch)) if !members.contains(index) => Err(GraphError::NotInBranch {
                revision: self.id(index).to_owned(),
                branch: branch.to_owned(),
            }),
            _ => Ok(index),
        }
    }

    /// The revision whose lineage is a branch, given by a label, an id, or a prefix of one.
    pub(super) fn branch(&self, name: &str) -> Result<usize, GraphError> {
        self.identify(name, None).map_err(|_| GraphError::UnknownBranch {
            name: name.to_owned(),
            similar: self.similar(name),
        })
    }

    pub(super) fn unknown(&self, name: &str) -> GraphError {
        GraphError::UnknownRevision {
            name: name.to_owned(),
            similar: self.similar(name),
        }
    }

    /// The name that `name` is probably meant to be.
    pub(super) fn similar(&self, name: &str) -> Option<String> {
        let words = ["head", "heads", "base", "current"];
        let mut names: Vec<&str> = self.names.keys().map(String::as_str).chain(words).collect();
        // The order of a map is arbitrary.
        names.sort_unstable();
        names.retain(|known| *known != name);
        nearest(name, names).map(str::to_owned)
    }

    fn with_prefix(&self, prefix: &str) -> &[(String, usize)] {
        if prefix.is_empty() {
            return &[];
        }
        let start = self.prefixed.partition_point(|(name, _)| name.as_str() < prefix);
        let rest = &self.prefixed[start..];
        &rest[..rest.partition_point(|(name, _)| name.starts_with(prefix))]
    }

    /// The meaning of a symbol before ids are looked up: the revisions of `head` and `heads`, none for `base`, or the name itself; each
    /// with the branch that it must belong to.
    fn symbol<'a>(&'a self, text: &'a str) -> Result<(Vec<&'a str>, Option<&'a str>), GraphError> {
        let (branch, symbol) = split_branch(text);
        let names = match symbol {
            "heads" => match branch {
                None => self.real_heads(),
                Some(branch) => self.ids(&self.in_lineage(self.head_indices(), branch, false)?),
            },
            "head" => {
                let heads = match branch {
                    None => self.head_indices(),
                    Some(branch) => self.in_lineage(self.head_indices(), branch, false)?,
                };
                if heads.len() > 1 {
                    return Err(self.multiple_heads(text, &heads));
                }
                self.ids(&heads)
            }
            "base" => Vec::new(),
            name => vec![name],
        };
        Ok((names, branch))
    }

    /// The single revision that `text` refers to; `None` for the base.
    pub(super) fn revision(&self, text: &str) -> Result<Option<usize>, GraphError> {
        let (names, branch) = self.symbol(text)?;
        match names.as_slice() {
            [] => {
                if let Some(branch) = branch {
                    self.branch(branch)?;
                }
                Ok(None)
            }
            [name] => self.identify(name, branch).map(Some),
            several => {
                let heads: Vec<usize> = several
                    .iter()
                    .filter_map(|name| self.names.get(*name).copied())
                    .collect();
                Err(self.multiple_heads(text, &heads))
            }
        }
    }

    /// The revisions that `text` refers to. `-N` counts down from the heads, or from those of the branch if one is given.
    pub(super) fn revisions(&self, text: &str) -> Result<Vec<usize>, GraphError> {
        let (names, branch) = self.symbol(text)?;
        if let [name] = names.as_slice()
            && let Some(steps) = steps_down(name)
            && !self.names.contains_key(*name)
        {
            let mut heads = self.real_head_indices();
            if let Some(branch) = branch {
                heads.retain(|&head| self.carries(head, branch));
            }
            return heads
                .into_iter()
                .map(|head| match self.walk(Some(head), -steps, None)? {
                    Walk::Arrived(Some(index)) => Ok(index),
                    Walk::Arrived(None) | Walk::Stopped(_) => Err(GraphError::TooFar {
                        target: text.to_owned(),
                        stop: "the base".to_owned(),
                    }),
                })
                .collect();
        }
        names.into_iter().map(|name| self.identify(name, branch)).collect()
    }

    /// Those of `members` that share a lineage with the revisions of `against`. The base is in every lineage.
    pub(super) fn in_lineage(
        &self,
        mut members: Vec<usize>,
        against: &str,
        dependencies: bool,
    ) -> Result<Vec<usize>, GraphError> {
        if members.is_empty() {
            return Ok(members);
        }
        let (names, branch) = self.symbol(against)?;
        let shares = branch
            .into_iter()
            .chain(names)
            .map(|name| self.identify(name, None))
            .collect::<Result<Vec<_>, _>>()?;
        if !shares.is_empty() {
            let lineage = self.lineage_set(&shares, dependencies);
            members.retain(|&member| lineage.contains(member));
        }
        Ok(members)
    }

    fn multiple_heads(&self, target: &str, heads: &[usize]) -> GraphError {
        GraphError::MultipleHeads {
            target: target.to_owned(),
            heads: self.owned_ids(heads),
        }
    }
}

/// `label@symbol`, split; an empty label is no label, as in Alembic.
pub(super) fn split_branch(text: &str) -> (Option<&str>, &str) {
    match text.split_once('@') {
        Some((branch, symbol)) => (Some(branch).filter(|branch| !branch.is_empty()), symbol),
        None => (None, text),
    }
}

/// The N of `-N`, if it is positive.
fn steps_down(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(i64::MAX)).filter(|&steps| steps > 0)
}
