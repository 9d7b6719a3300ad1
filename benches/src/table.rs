//! What was measured, as a table.

use std::fmt;

/// The rows, in the order of measuring.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: String,
    target: String,
    /// None where there is no target, only a number.
    met: Option<bool>,
}

impl Table {
    /// A measurement that has a target.
    pub fn judge(&mut self, what: &str, measured: String, target: &str, met: bool) {
        self.add(what, measured, target, Some(met));
    }

    /// A measurement that is told without a verdict.
    pub fn tell(&mut self, what: &str, measured: String) {
        self.add(what, measured, "", None);
    }

    fn add(&mut self, what: &str, measured: String, target: &str, met: Option<bool>) {
        eprintln!("  {what}: {measured}");
        self.rows.push(Row {
            what: what.into(),
            measured,
            target: target.into(),
            met,
        });
    }

    /// How many targets are missed.
    pub fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.met == Some(false)).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | measured | target | verdict |\n|---|---|---|---|")?;
        for row in &self.rows {
            let verdict = match row.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            let Row {
                what, measured, target, ..
            } = row;
            writeln!(f, "| {what} | {measured} | {target} | {verdict} |")?;
        }
        Ok(())
    }
}
