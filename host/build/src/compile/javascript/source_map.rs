//! Source locations of a bundle: esbuild's source map, made small enough to be part of the artifact.

use serde::{Deserialize, Serialize};

/// A source map, version 3, without irrelevant parts.
#[derive(Deserialize)]
struct SourceMap {
    sources: Vec<String>,
    mappings: String,
}

/// The data for `runtime.js`: for each line of the bundle, where segments begin, as `[column, file, line]`; columns are counted from 0
/// and lines from 1.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Lines {
    pub files: Vec<String>,
    lines: Vec<Vec<(i64, i64, i64)>>,
}

impl Lines {
    /// # Errors
    /// If the text is not a source map.
    pub fn read(json: &str) -> Result<Self, String> {
        let map: SourceMap = serde_json::from_str(json).map_err(|error| error.to_string())?;
        // All values except the column are differences to the previous segment.
        let (mut file, mut line) = (0, 0);
        let mut lines = Vec::new();
        for group in map.mappings.split(';') {
            let mut column = 0;
            let mut pieces: Vec<(i64, i64, i64)> = Vec::new();
            for segment in group.split(',').filter(|segment| !segment.is_empty()) {
                let numbers = numbers(segment).ok_or_else(|| {
                    format!(
                        "{segment:?} is not a valid part of a source \
                                                                      map"
                    )
                })?;
                let (Some(columns), rest) = (numbers.first(), numbers.get(1..3)) else {
                    continue;
                };
                column += columns;
                if let Some([files, below]) = rest {
                    file += files;
                    line += below;
                    // A segment that continues in the same line adds nothing.
                    if pieces.last().is_none_or(|(_, f, l)| (*f, *l) != (file, line + 1)) {
                        pieces.push((column, file, line + 1));
                    }
                }
            }
            lines.push(pieces);
        }
        Ok(Self {
            files: map.sources,
            lines,
        })
    }
}

/// Numbers in base 64 of variable length, five bits in each digit, the lowest bit of all for the sign.
fn numbers(segment: &str) -> Option<Vec<i64>> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut numbers = Vec::new();
    let (mut number, mut shift) = (0_i64, 0_u32);
    for digit in segment.chars() {
        let digit = i64::try_from(DIGITS.find(digit)?).ok()?;
        number |= (digit & 31).checked_shl(shift).filter(|_| shift < 40)?;
        if digit & 32 != 0 {
            shift += 5;
            continue;
        }
        numbers.push(if number & 1 == 1 { -(number >> 1) } else { number >> 1 });
        (number, shift) = (0, 0);
    }
    (shift == 0).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_esbuild_is_read() {
        // Two files; in the bundle, the second comes first.
        let map = r#"{"version": 3, "sources": ["m.ts", "lib/h.ts"], "mappings": ";ACEO,SAAS,OAAO;AACvC,QAAM,IAAI;;ADDO", "names": []}"#;
        let lines = Lines::read(map).unwrap();
        assert_eq!(lines.files, ["m.ts", "lib/h.ts"]);
        assert_eq!(
            lines.lines,
            [vec![], vec![(0, 1, 3)], vec![(0, 1, 4)], vec![], vec![(0, 0, 3)]]
        );
    }

    #[test]
    fn what_is_no_map_is_refused() {
        assert!(Lines::read("{}").is_err());
        assert!(Lines::read(r#"{"sources": [], "mappings": "A!"}"#).is_err());
        assert!(Lines::read(r#"{"sources": [], "mappings": "//////////////////"}"#).is_err());
    }
}
