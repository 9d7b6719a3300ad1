//! Times as in `allowed_signers`: `YYYYMMDD[HHMM[SS]]`, local or with a `Z` at the end UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Seconds since 1970.
pub type UnixTime = u64;

/// The current time.
pub fn now() -> UnixTime {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// Reads a time; local ones are in the zone of the machine. `None` if it is not one.
pub fn parse_local(text: &str) -> Option<UnixTime> {
    parse(text, &TimeZone::system())
}

/// Reads a time; local ones are in `zone`. `None` if it is not one.
pub fn parse(text: &str, zone: &TimeZone) -> Option<UnixTime> {
    let utc = text.strip_suffix(['Z', 'z']);
    let utc = utc.or_else(|| {
        let (digits, end) = text.split_at_checked(text.len().checked_sub(3)?)?;
        end.eq_ignore_ascii_case("UTC").then_some(digits)
    });
    let digits = utc.unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i8>().ok();
    let year = digits.get(..4)?.parse::<i16>().ok()?;
    let (hour, minute, second) = match digits.len() {
        8 => (0, 0, 0),
        12 => (part(8..10)?, part(10..12)?, 0),
        14 => (part(8..10)?, part(10..12)?, part(12..14)?),
        _ => return None,
    };
    let time = DateTime::new(year, part(4..6)?, part(6..8)?, hour, minute, second, 0).ok()?;
    let zone = if utc.is_some() { &TimeZone::UTC } else { zone };
    let timestamp = zone.to_ambiguous_timestamp(time).compatible().ok()?;
    u64::try_from(timestamp.as_second()).ok()
}

/// For people, e.g. `2026-12-01T00:00:00Z`.
pub fn display(time: UnixTime) -> String {
    let timestamp = i64::try_from(time)
        .ok()
        .and_then(|time| Timestamp::from_second(time).ok());
    timestamp.map_or_else(|| "the end of time".into(), |timestamp| timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_unless_they_end_in_z() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        for (text, expected) in [
            ("20260102Z", Some("2026-01-02T00:00:00Z")),
            ("20260102", Some("2026-01-01T15:00:00Z")),
            ("202601020304", Some("2026-01-01T18:04:00Z")),
            ("20260102030405UTC", Some("2026-01-02T03:04:05Z")),
            ("2026010", None),
            ("20261301Z", None),
            ("2026-01-02Z", None),
            ("+0260102Z", None),
            ("Z", None),
            ("é", None),
        ] {
            assert_eq!(parse(text, &tokyo).map(display).as_deref(), expected, "{text}");
        }
    }
}
