//! The layout of revisions and the lines between them.
//!
//! A lane is a column in which a line runs down to one revision; lines to the same revision share it. Lanes branch off only directly
//! below the revision that they come from, in a row that contains nothing else, and a line joins another that leads to the same revision
//! only in a row of its own. So every downward path in the picture is an edge. Where lines cross, the vertical one is drawn through, so
//! that no crossing can be mistaken for a junction.

use super::{DrawError, Picture};

/// The maximum number of parallel lanes.
pub const MAX_LANES: usize = 200;

/// The style in which a line leaves a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Line {
    #[default]
    None,
    Solid,
    /// A line of a dependency.
    Dotted,
}

impl Line {
    fn of(dependency: bool) -> Self {
        if dependency { Self::Dotted } else { Self::Solid }
    }

    pub fn is_there(self) -> bool {
        self != Self::None
    }

    /// Where two lines overlap, the solid one is shown.
    fn add(&mut self, line: Self) {
        if *self != Self::Solid {
            *self = line;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum What {
    #[default]
    Lines,
    /// A vertical line, and a horizontal one that passes below it.
    Crossing,
    /// The revision of the row.
    Node,
    /// The end of a line to something that is not shown.
    Cut,
}

/// One column of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub up: Line,
    pub down: Line,
    pub left: Line,
    pub right: Line,
    pub what: What,
}

impl Cell {
    fn vertical(line: Line) -> Self {
        Self {
            up: line,
            down: line,
            ..Self::default()
        }
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

#[derive(Debug)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    /// The revision in this row.
    pub node: Option<usize>,
}

/// A path from a revision down to one that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub from: usize,
    pub to: usize,
    /// The column in which it runs.
    pub lane: usize,
    pub dependency: bool,
}

#[derive(Debug, Default)]
pub(super) struct Layout {
    pub rows: Vec<Row>,
    /// The column of each revision.
    pub columns: Vec<usize>,
    pub ways: Vec<Way>,
}

/// A line on its way down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lane {
    to: usize,
    dependency: bool,
}

impl Layout {
    pub fn new(picture: &Picture) -> Result<Self, DrawError> {
        let mut layout = Self::default();
        let mut lanes: Vec<Option<Lane>> = Vec::new();
        for node in 0..picture.len() {
            layout.node(picture, node, &mut lanes)?;
            while lanes.last() == Some(&None) {
                lanes.pop();
            }
        }
        Ok(layout)
    }

    fn node(&mut self, picture: &Picture, node: usize, lanes: &mut Vec<Option<Lane>>) -> Result<(), DrawError> {
        let column = self.arrive(node, lanes)?;
        self.columns.push(column);
        let (edges, cut) = match (picture.edges.get(node), picture.cut.get(node)) {
            (Some(edges), Some(cut)) => (edges.as_slice(), *cut && edges.is_empty()),
            _ => (&[][..], false),
        };
        let mut cells = verticals(lanes);
        if let Some(cell) = cells.get_mut(column) {
            cell.what = What::Node;
            cell.down = match edges.first() {
                Some(edge) => Line::of(edge.dependency),
                None if cut => Line::Solid,
                None => Line::None,
            };
        }
        set(lanes, column, None);
        self.rows.push(Row {
            cells,
            node: Some(node),
        });
        if cut {
            let mut cells = verticals(lanes);
            if cells.len() <= column {
                cells.resize(column + 1, Cell::default());
            }
            if let Some(cell) = cells.get_mut(column) {
                *cell = Cell {
                    up: Line::Solid,
                    what: What::Cut,
                    ..Cell::default()
                };
            }
            self.rows.push(Row { cells, node: None });
        }
        let joins = self.part(node, column, edges, lanes)?;
        for (from, to) in joins {
            self.join(from, to, lanes);
        }
        Ok(())
    }

    /// The column of `node`; if two lanes lead to it, they are joined.
    fn arrive(&mut self, node: usize, lanes: &mut Vec<Option<Lane>>) -> Result<usize, DrawError> {
        let find = |lanes: &[Option<Lane>], dependency| {
            let wanted = Some(Lane { to: node, dependency });
            lanes.iter().position(|lane| *lane == wanted)
        };
        match (find(lanes, false), find(lanes, true)) {
            (Some(column), Some(dotted)) => {
                self.join(dotted, column, lanes);
                Ok(column)
            }
            (Some(column), None) | (None, Some(column)) => Ok(column),
            (None, None) => {
                let column = free(lanes, 0)?;
                // A revision directly above would look like a child of this one.
                let above = self.rows.last().and_then(|row| row.cells.get(column));
                if above.is_some_and(|cell| !cell.is_empty()) {
                    self.rows.push(Row {
                        cells: verticals(lanes),
                        node: None,
                    });
                }
                set(
                    lanes,
                    column,
                    Some(Lane {
                        to: node,
                        dependency: false,
                    }),
                );
                Ok(column)
            }
        }
    }

    /// Lines from a revision to lanes of their own. Returns which of these join an existing one that leads there.
    fn part(
        &mut self,
        node: usize,
        column: usize,
        edges: &[super::Edge],
        lanes: &mut Vec<Option<Lane>>,
    ) -> Result<Vec<(usize, usize)>, DrawError> {
        let mut joins = Vec::new();
        let mut parting = Vec::new();
        let before = lanes.clone();
        for (number, edge) in edges.iter().enumerate() {
            let lane = Lane {
                to: edge.to,
                dependency: edge.dependency,
            };
            let existing = before.iter().position(|other| *other == Some(lane));
            let own = if number == 0 { column } else { free(lanes, column)? };
            set(lanes, own, Some(lane));
            if number > 0 {
                parting.push((own, Line::of(edge.dependency)));
            }
            joins.extend(existing.map(|existing| (own, existing)));
            self.ways.push(Way {
                from: node,
                to: edge.to,
                lane: existing.unwrap_or(own),
                dependency: edge.dependency,
            });
        }
        if parting.is_empty() {
            return Ok(joins);
        }
        let mut cells = verticals(&before);
        cells.resize(lanes.len().max(column + 1), Cell::default());
        if let Some(cell) = cells.get_mut(column) {
            let own = lanes.get(column).copied().flatten();
            let line = own.map_or(Line::None, |lane| Line::of(lane.dependency));
            *cell = Cell::vertical(line);
        }
        for (own, line) in parting {
            if let Some(cell) = cells.get_mut(own) {
                cell.down = line;
            }
            across(&mut cells, column, own, line);
        }
        mark_crossings(&mut cells, &before, column);
        self.rows.push(Row { cells, node: None });
        Ok(joins)
    }

    /// The lane `from` ends in the lane `to`, which leads to the same revision.
    fn join(&mut self, from: usize, to: usize, lanes: &mut Vec<Option<Lane>>) {
        let line = match lanes.get(from).copied().flatten() {
            Some(lane) => Line::of(lane.dependency),
            None => return,
        };
        let mut cells = verticals(lanes);
        across(&mut cells, from, to, line);
        if let Some(cell) = cells.get_mut(from) {
            cell.down = Line::None;
        }
        let mut through = lanes.clone();
        set(&mut through, from, None);
        mark_crossings(&mut cells, &through, to);
        set(lanes, from, None);
        self.rows.push(Row { cells, node: None });
    }
}

/// The first free column from `start` on.
fn free(lanes: &[Option<Lane>], start: usize) -> Result<usize, DrawError> {
    let column = (start..lanes.len())
        .find(|&column| lanes.get(column) == Some(&None))
        .unwrap_or(lanes.len().max(start));
    if column < MAX_LANES {
        Ok(column)
    } else {
        Err(DrawError::TooWide)
    }
}

fn set(lanes: &mut Vec<Option<Lane>>, column: usize, lane: Option<Lane>) {
    if lanes.len() <= column {
        lanes.resize(column + 1, None);
    }
    if let Some(place) = lanes.get_mut(column) {
        *place = lane;
    }
}

fn verticals(lanes: &[Option<Lane>]) -> Vec<Cell> {
    lanes
        .iter()
        .map(|lane| lane.map_or_else(Cell::default, |lane| Cell::vertical(Line::of(lane.dependency))))
        .collect()
}

/// A line through the cells from one column to another.
fn across(cells: &mut [Cell], from: usize, to: usize, line: Line) {
    let (first, last) = (from.min(to), from.max(to));
    for (column, cell) in cells.iter_mut().enumerate() {
        if (first..last).contains(&column) {
            cell.right.add(line);
        }
        if column > first && column <= last {
            cell.left.add(line);
        }
    }
}

/// Lanes that a horizontal line passes; `end` is the one that it comes from or leads to.
fn mark_crossings(cells: &mut [Cell], lanes: &[Option<Lane>], end: usize) {
    for (column, cell) in cells.iter_mut().enumerate() {
        let passes = cell.left.is_there() && cell.right.is_there();
        if column != end && passes && lanes.get(column).is_some_and(Option::is_some) {
            cell.what = What::Crossing;
        }
    }
}
