//! Aligns expected with actual statements.

use toml::Spanned;

use super::case::{Expected, Sent};
use super::report::Failure;

/// The number of pairs above which the two are compared one by one, without looking for moved statements.
const MAX_PAIRS: usize = 1 << 20;

/// A step from the expected to the actual statements, by their indexes in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Same(usize, usize),
    Missing(usize),
    Added(usize),
}

/// The smallest number of steps from one to the other.
pub(super) fn align(expected: &[&Expected], sent: &[Sent]) -> Vec<Step> {
    let (rows, columns) = (expected.len(), sent.len());
    let fits: Vec<Vec<bool>> = match (rows + 1).checked_mul(columns + 1) {
        Some(pairs) if pairs <= MAX_PAIRS => expected
            .iter()
            .map(|expected| sent.iter().map(|sent| expected.fits(sent)).collect())
            .collect(),
        _ => {
            let same = expected
                .iter()
                .zip(sent)
                .take_while(|(expected, sent)| expected.fits(sent));
            let same = same.count();
            let first = (0..same).map(|at| Step::Same(at, at));
            let rest = (same..rows).map(Step::Missing).chain((same..columns).map(Step::Added));
            return first.chain(rest).collect();
        }
    };
    let fit = |row: usize, column: usize| fits.get(row).and_then(|row| row.get(column)) == Some(&true);
    // The length of the longest common subsequence from each pair of indexes.
    let mut common = vec![vec![0_u32; columns + 1]; rows + 1];
    let at = |common: &[Vec<u32>], row: usize, column: usize| {
        common
            .get(row)
            .and_then(|row| row.get(column))
            .copied()
            .unwrap_or_default()
    };
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let longest = if fit(row, column) {
                at(&common, row + 1, column + 1) + 1
            } else {
                at(&common, row + 1, column).max(at(&common, row, column + 1))
            };
            if let Some(place) = common.get_mut(row).and_then(|row| row.get_mut(column)) {
                *place = longest;
            }
        }
    }
    let (mut row, mut column, mut steps) = (0, 0, Vec::new());
    while row < rows || column < columns {
        if row < rows && column < columns && fit(row, column) {
            steps.push(Step::Same(row, column));
            (row, column) = (row + 1, column + 1);
        } else if column == columns || (row < rows && at(&common, row + 1, column) >= at(&common, row, column + 1)) {
            steps.push(Step::Missing(row));
            row += 1;
        } else {
            steps.push(Step::Added(column));
            column += 1;
        }
    }
    steps
}

/// The difference between the statements, if any. Where a pattern fits, both sides of the diff show the actual statement.
pub(super) fn statements(expected: &[Spanned<Expected>], sent: &[Sent]) -> Option<Failure> {
    let expected: Vec<&Expected> = expected.iter().map(Spanned::get_ref).collect();
    let steps = align(&expected, sent);
    if steps.iter().all(|step| matches!(step, Step::Same(..))) {
        return None;
    }
    let text = |at: usize| sent.get(at).map(Sent::text).unwrap_or_default();
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Same(_, at) => {
                wanted.push(text(at));
                found.push(text(at));
            }
            Step::Missing(at) => wanted.extend(expected.get(at).map(|expected| expected.0.text())),
            Step::Added(at) => found.push(text(at)),
        }
    }
    let what = match (expected.len(), sent.len()) {
        (expected, sent) if expected == sent => "the statements sent differ from the expected ones".to_owned(),
        (expected, 1) => format!("1 statement was sent, {expected} expected"),
        (expected, sent) => format!("{sent} statements were sent, {expected} expected"),
    };
    Some(Failure::new(what).difference(lines(&wanted), lines(&found)))
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(expected: &[&str], sent: &[&str]) -> Vec<Step> {
        let expected: Vec<Expected> = expected
            .iter()
            .map(|text| Expected(Sent::Statement((*text).to_owned())))
            .collect();
        let expected: Vec<&Expected> = expected.iter().collect();
        let sent: Vec<Sent> = sent.iter().map(|text| Sent::Statement((*text).to_owned())).collect();
        align(&expected, &sent)
    }

    #[test]
    fn what_moved_is_told_from_what_stayed() {
        use Step::{Added, Missing, Same};
        assert_eq!(steps(&[], &[]), []);
        assert_eq!(steps(&["a ...", "b"], &["a 1", "b"]), [Same(0, 0), Same(1, 1)]);
        assert_eq!(
            steps(&["a", "b", "c"], &["a", "c"]),
            [Same(0, 0), Missing(1), Same(2, 1)]
        );
        assert_eq!(steps(&["a", "c"], &["a", "b", "c"]), [Same(0, 0), Added(1), Same(1, 2)]);
        assert_eq!(steps(&["a"], &["b"]), [Missing(0), Added(0)]);
    }
}
