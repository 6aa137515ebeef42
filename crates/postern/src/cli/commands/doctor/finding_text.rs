//! A finding as text.

use operations::checks::{Finding, Level};

/// One line, and one with the next step.
pub(super) fn finding_text(finding: &Finding) -> String {
    let Finding { check, subject, level, detail, next } = finding;
    let line = |text: &str| text.replace(char::is_control, " ");
    let finding = format!("{:<8} {check:<22} {}: {}", label(*level), line(subject), line(detail));
    match next {
        Some(next) => format!("{finding}\n         → {}", line(next)),
        None => finding,
    }
}

const fn label(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Broken => "BROKEN",
    }
}

#[cfg(test)]
mod tests {
    use operations::checks::Check;

    use super::*;

    #[test]
    fn a_finding_is_one_line_and_its_next_step_another() {
        let check = Check::new("redis.latency", "Redis");
        assert_eq!(finding_text(&check.ok("1 ms")), "ok       redis.latency          Redis: 1 ms");
        let broken = check.broken("gone\u{1b}[2J", "bring it\nback");
        assert_eq!(
            finding_text(&broken),
            "BROKEN   redis.latency          Redis: gone [2J\n         → bring it back"
        );
        assert_eq!(serde_json::to_value(&broken).unwrap()["level"], "broken");
        assert!(Level::Broken > Level::Warning && Level::Note > Level::Ok);
    }
}
