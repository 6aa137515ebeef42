//! `traceparent`, the distributed-tracing extension (W3C Trace Context).

/// The valid `traceparent` in `text`, or `None`: an invalid one does not invalidate the event.
///
/// Of a version later than `00`, the fields of `00` are kept and written as `00`, as the
/// recommendation demands of an implementation that does not know the version; of its flags, that is
/// `sampled`.
pub(crate) fn valid(text: &str) -> Option<String> {
    let (fields, rest) = text.split_at_checked(55)?;
    let [version, trace_id, parent_id, flags] = split(fields)?;
    if version == "ff" || is_zero(trace_id) || is_zero(parent_id) {
        return None;
    }
    if version == "00" {
        return rest.is_empty().then(|| fields.to_owned());
    }
    if !rest.is_empty() && !rest.starts_with('-') {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    Some(format!("00-{trace_id}-{parent_id}-{sampled:02x}"))
}

/// The trace id of a valid `traceparent`, as log lines and audit lines show it.
#[must_use]
pub fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1)
}

fn split(fields: &str) -> Option<[&str; 4]> {
    let mut parts = fields.split('-');
    let four = [2, 32, 16, 2].map(|length| {
        parts.next().filter(|part| part.len() == length && part.bytes().all(is_lower_hex))
    });
    let [Some(version), Some(trace_id), Some(parent_id), Some(flags)] = four else { return None };
    parts.next().is_none().then_some([version, trace_id, parent_id, flags])
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_zero(hex: &str) -> bool {
    hex.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_valid_one_is_kept() {
        assert_eq!(valid(VALID).as_deref(), Some(VALID));
    }

    #[test]
    fn a_later_version_is_written_as_00() {
        for later in [
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-07-what-the-future-holds",
        ] {
            assert_eq!(valid(later).as_deref(), Some(VALID));
        }
    }

    #[test]
    fn invalid_ones_are_ignored() {
        for invalid in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\u{e9}",
        ] {
            assert_eq!(valid(invalid), None, "{invalid}");
        }
    }
}
