//! Durations and sizes in `mighost.toml`: `"5s"`, `"256MiB"`.

use std::time::Duration;

/// The maximum duration: PostgreSQL stores timeouts as milliseconds in 31 bits.
pub(super) const MAX_DURATION: Duration = Duration::from_millis(i32::MAX as u64);

/// Parses a number and a unit (`ms`, `s`, `min`, `h`), e.g. `500ms`, the notation for durations in `mighost.toml` and on the command
/// line.
///
/// # Errors
/// A sentence that describes the problem.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let example = "write a whole number and a unit: 500ms, 5s, 2min or 1h";
    let (number, unit) =
        number_and_unit(text).ok_or_else(|| format!("{} is not a duration; {example}", shown(text)))?;
    let per_unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 1,
        "" => return Err(format!("{} has no unit; {example}", shown(text))),
        _ => return Err(format!("{} is not a unit of time; {example}", shown(unit))),
    };
    number
        .checked_mul(per_unit)
        .map(Duration::from_millis)
        .filter(|duration| *duration <= MAX_DURATION)
        .ok_or_else(|| {
            format!(
                "{} is too long; the longest duration is {}h",
                shown(text),
                MAX_DURATION.as_secs() / 3600
            )
        })
}

/// Parses a number and a unit (`KiB`, `MiB`, `GiB`) as bytes. The error describes the problem, without the key.
pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let example = "write a whole number and a unit: 512KiB, 256MiB or 1GiB";
    let (number, unit) = number_and_unit(text).ok_or_else(|| format!("{} is not a size; {example}", shown(text)))?;
    let shift = match unit {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(format!("{} is not a size; {example}", shown(text))),
    };
    number
        .checked_mul(1 << shift)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("{} is too large", shown(text)))
}

/// `text` in quotes for a message, truncated because it may be as long as the file.
pub(super) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 80;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration(" 5 s "), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("2min"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        for bad in [
            "",
            "5",
            "s",
            "-5s",
            "1.5s",
            "5 fortnights",
            "597h",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("256MiB"), Ok(256 << 20));
        assert_eq!(parse_size("1 GiB"), Ok(1 << 30));
        for bad in ["", "256", "256MB", "-1MiB", "99999999999999999GiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = (parse_duration(&text), parse_size(&text));
        }
    }
}
