//! Times on the wire: RFC 3339 with an offset in inbound events, UTC with `Z` and at most microseconds
//! in outbound ones.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Deserializer, Serializer, de, ser};

/// Reads a time, or `None` where it is not RFC 3339, has no offset, or is outside the years 0 to 9999
/// of UTC, which RFC 3339 cannot express.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    // chrono also accepts a blank for the `T` and a typographic minus; RFC 3339's grammar does not.
    if !text.is_ascii() || text.as_bytes().get(10) == Some(&b' ') {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    is_expressible(time).then_some(time)
}

/// Writes a time with as many digits as it needs; digits below a microsecond are cut off.
pub(crate) fn serialize<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if !is_expressible(*time) {
        return Err(ser::Error::custom("RFC 3339 has no year outside 0000 to 9999"));
    }
    let text = time.trunc_subsecs(6).to_rfc3339_opts(SecondsFormat::AutoSi, true);
    serializer.serialize_str(&text)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| de::Error::custom("a time is not RFC 3339"))
}

fn is_expressible(time: DateTime<Utc>) -> bool {
    (0..=9999).contains(&time.year())
}

/// The same for a member that may be absent.
pub(crate) mod optional {
    use super::{DateTime, Deserializer, Serializer, Utc};

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(time: DateTime<Utc>) -> Result<String, serde_json::Error> {
        let mut bytes = Vec::new();
        serialize(&time, &mut serde_json::Serializer::new(&mut bytes))?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn offsets_become_utc() {
        assert_eq!(
            write(parse("2026-01-15T13:00:00+01:00").unwrap()).unwrap(),
            r#""2026-01-15T12:00:00Z""#
        );
    }

    #[test]
    fn digits_below_a_microsecond_are_cut_off() {
        assert_eq!(
            write(parse("2026-01-15T12:00:00.123456789Z").unwrap()).unwrap(),
            r#""2026-01-15T12:00:00.123456Z""#
        );
    }

    #[test]
    fn only_rfc_3339_is_read() {
        for text in [
            "",
            "2026-01-15",
            "2026-01-15T12:00:00",
            "2026-01-15 12:00:00Z",
            "2026-01-15T12:00:00\u{2212}01:00",
            "2026-02-30T12:00:00Z",
            "2026-01-15T24:00:00Z",
            "2026-01-15T12:00:00+24:00",
            "12026-01-15T12:00:00Z",
            "2026-01-15T12:00:00Z ",
            "1768478400",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_year_is_bounded_in_utc() {
        assert!(parse("9999-12-31T23:59:59Z").is_some());
        assert_eq!(parse("9999-12-31T23:59:59-00:01"), None);
        assert!(parse("0000-01-01T00:00:00Z").is_some());
        assert_eq!(parse("0000-01-01T00:00:00+00:01"), None);
        assert!(write(DateTime::<Utc>::MAX_UTC).is_err());
    }
}
