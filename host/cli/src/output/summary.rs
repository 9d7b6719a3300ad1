//! The last line of a run, and the format of durations.

use std::time::Duration;

use super::{Styles, escape_line};
use mighost_core::Direction;

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub direction: Direction,
    /// The database's label.
    pub label: String,
    /// Revisions that were run.
    pub steps: usize,
    /// The heads in the version table.
    pub heads: Vec<String>,
    pub elapsed: Duration,
    /// Everything was rolled back (`--dry-run`).
    pub dry_run: bool,
}

impl Summary {
    pub(super) fn render(&self, styles: Styles) -> String {
        let heads = match self.heads.is_empty() {
            true => "base".to_owned(),
            false => self.heads.join(", "),
        };
        let (label, heads) = (
            styles.name(&escape_line(&self.label)),
            styles.name(&escape_line(&heads)),
        );
        if self.steps == 0 && self.direction != Direction::Stamp {
            return format!("{label} is at {heads}: nothing to do");
        }
        let revisions = match self.steps {
            1 => "1 revision".to_owned(),
            steps => format!("{steps} revisions"),
        };
        let done = match self.direction {
            Direction::Upgrade => "upgraded by",
            Direction::Downgrade => "downgraded by",
            Direction::Stamp => return styles.good(&format!("{label} is stamped: {heads}")),
        };
        let elapsed = duration(self.elapsed);
        match self.dry_run {
            true => {
                format!("dry run: {label} would be {done} {revisions}, to {heads}; all rolled back after {elapsed}")
            }
            false => format!("{label} {} {revisions} in {elapsed}, now at {heads}", styles.good(done)),
        }
    }
}

/// `elapsed` with a readable number of digits: `3 ms`, `1.25 s`, `2 min 05 s`, `1 h 02 min`.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0 => format!("{} ms", elapsed.as_millis()),
        1..60 => format!("{seconds}.{:02} s", elapsed.subsec_millis() / 10),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn durations() {
        let texts: Vec<_> = [0, 999, 1000, 59_999, 60_000, 125_000, 3_600_000, 360_000_000]
            .map(|millis| duration(Duration::from_millis(millis)))
            .to_vec();
        assert_snapshot!(texts.join(", "), @"0 ms, 999 ms, 1.00 s, 59.99 s, 1 min 00 s, 2 min 05 s, 1 h 00 min, 100 h 00 min");
        assert!(!duration(Duration::MAX).is_empty());
    }

    #[test]
    fn lines() {
        let mut summary = Summary {
            direction: Direction::Upgrade,
            label: "dev".to_owned(),
            steps: 14,
            heads: vec!["a1b2c3d4e5f6".to_owned()],
            elapsed: Duration::from_millis(1234),
            dry_run: false,
        };
        let plain = Styles::plain();
        assert_snapshot!(summary.render(plain), @"dev upgraded by 14 revisions in 1.23 s, now at a1b2c3d4e5f6");
        summary.dry_run = true;
        assert_snapshot!(summary.render(plain), @"dry run: dev would be upgraded by 14 revisions, to a1b2c3d4e5f6; all rolled back after 1.23 s");
        summary.steps = 0;
        assert_snapshot!(summary.render(plain), @"dev is at a1b2c3d4e5f6: nothing to do");
        summary = Summary {
            direction: Direction::Downgrade,
            steps: 1,
            heads: vec![],
            dry_run: false,
            ..summary
        };
        assert_snapshot!(summary.render(plain), @"dev downgraded by 1 revision in 1.23 s, now at base");
        summary = Summary {
            direction: Direction::Stamp,
            heads: vec!["a".to_owned(), "b".to_owned()],
            ..summary
        };
        assert_snapshot!(summary.render(plain), @"dev is stamped: a, b");
    }
}
