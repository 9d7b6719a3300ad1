//! The order in which revisions are run and shown.
//!
//! Among the orders in which each revision comes after those that it needs, this is Alembic's: a line is followed down as far as
//! possible; if another line must come first, it is the earliest such line. Alembic keeps the set of all ancestors of each line, which is
//! quadratic. Here a count of the remaining revisions decides whether a revision may be taken, and the earliest line above is looked up
//! in a table that is filled on demand.

use super::graph::Graph;
use super::reachability::NodeSet;

const NONE: usize = usize::MAX;

/// A line that is followed down: its next revision, and its neighbours among the remaining lines.
struct Line {
    next: usize,
    before: usize,
    after: usize,
    /// Changes whenever the line loses ancestors other than by taking one; entries of the table on it are then stale.
    epoch: usize,
}

struct Sorter<'a> {
    graph: &'a Graph,
    /// The revisions that were not taken yet.
    todo: NodeSet,
    /// The number of revisions in `todo` that directly need a revision.
    waiting: Vec<usize>,
    lines: Vec<Line>,
    last: usize,
    /// The line whose next revision this is.
    line_of: Vec<usize>,
    /// The earliest line that leads to a revision, and the epoch of that line when this was found.
    earliest: Vec<(usize, usize)>,
}

impl Graph {
    /// The members of `todo`, each before those that it needs. `heads` begin the lines; members that no head leads to begin lines of
    /// their own.
    pub(super) fn sort(&self, todo: &NodeSet, heads: &[usize]) -> Vec<usize> {
        let count = self.entries.len();
        let mut sorter = Sorter {
            graph: self,
            todo: todo.clone(),
            waiting: vec![0; count],
            lines: Vec::new(),
            last: NONE,
            line_of: vec![NONE; count],
            earliest: vec![(NONE, 0); count],
        };
        for index in todo.iter() {
            for &parent in &self.entries[index].requires {
                sorter.waiting[parent] += 1;
            }
        }
        let mut starts: Vec<usize> = heads.iter().copied().filter(|&head| todo.contains(head)).collect();
        starts.sort_unstable();
        starts.dedup();
        let loose = todo.iter().filter(|&index| sorter.waiting[index] == 0);
        for start in starts.into_iter().chain(loose.collect::<Vec<_>>()) {
            if sorter.line_of[start] == NONE {
                sorter.add_line(start);
            }
        }
        sorter.run()
    }
}

impl Sorter<'_> {
    fn run(mut self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut line = if self.lines.is_empty() { NONE } else { 0 };
        while line != NONE {
            let index = self.lines[line].next;
            if self.waiting[index] > 0 {
                line = self.earliest_above(index);
                continue;
            }
            order.push(index);
            self.todo.remove(index);
            self.line_of[index] = NONE;
            line = self.go_down(line, index);
        }
        order
    }

    /// Moves `line` from `index`, which was taken, to the revisions that it needs; returns the next line.
    fn go_down(&mut self, line: usize, index: usize) -> usize {
        let mut parents = 0;
        let mut free = Vec::new();
        for &parent in &self.graph.entries[index].requires {
            if self.todo.contains(parent) {
                parents += 1;
                self.waiting[parent] -= 1;
                if self.line_of[parent] == NONE {
                    free.push(parent);
                }
            }
        }
        let Some((&first, others)) = free.split_first() else {
            return self.remove_line(line);
        };
        if parents > 1 {
            self.lines[line].epoch += 1;
        }
        self.lines[line].next = first;
        self.line_of[first] = line;
        for &other in others {
            self.add_line(other);
        }
        line
    }

    fn add_line(&mut self, next: usize) {
        let line = self.lines.len();
        self.lines.push(Line {
            next,
            before: self.last,
            after: NONE,
            epoch: 0,
        });
        if let Some(last) = self.lines.get_mut(self.last) {
            last.after = line;
        }
        self.last = line;
        self.line_of[next] = line;
    }

    /// The previous line continues, or the next one if there is none before.
    fn remove_line(&mut self, line: usize) -> usize {
        let (before, after) = (self.lines[line].before, self.lines[line].after);
        self.lines[line].epoch += 1;
        if let Some(before) = self.lines.get_mut(before) {
            before.after = after;
        }
        match self.lines.get_mut(after) {
            Some(after) => after.before = before,
            None => self.last = before,
        }
        if before == NONE { after } else { before }
    }

    /// The earliest line that leads to `index` from above.
    fn earliest_above(&mut self, index: usize) -> usize {
        let graph = self.graph;
        let mut earliest = NONE;
        for &above in &graph.entries[index].dependents {
            if self.todo.contains(above) {
                earliest = earliest.min(self.earliest_line(above));
            }
        }
        earliest
    }

    /// The earliest line that leads to `index` or is there. Lines only ever lose ancestors, and new ones come last, so a result remains
    /// valid as long as its line still leads there.
    fn earliest_line(&mut self, index: usize) -> usize {
        let graph = self.graph;
        let mut path = vec![(index, 0, self.line_of[index])];
        let mut answer = NONE;
        while let Some((index, position, best)) = path.last_mut() {
            let known = self.earliest[*index];
            let fresh = self.lines.get(known.0).is_some_and(|line| line.epoch == known.1);
            if *position == 0 && fresh {
                answer = known.0;
            } else if let Some(&above) = graph.entries[*index].dependents.get(*position) {
                *position += 1;
                if self.todo.contains(above) {
                    path.push((above, 0, self.line_of[above]));
                }
                continue;
            } else {
                answer = *best;
                if let Some(line) = self.lines.get(answer) {
                    self.earliest[*index] = (answer, line.epoch);
                }
            }
            path.pop();
            if let Some((_, _, best)) = path.last_mut() {
                *best = (*best).min(answer);
            }
        }
        answer
    }
}
