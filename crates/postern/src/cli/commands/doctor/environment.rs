//! An environment of Salto: its hosts, and the offset of its clock from this machine's.

use chrono::TimeDelta;
use operations::{
    checks::{Check, Deadline, DeadlineExceeded, Finding},
    connections::advice,
};
use salto::{CallError, Environment, Host, Http, check_host};

/// One-time passwords are corrected by the offset. Windows and expiries use this machine's clock, and
/// events more than five minutes ahead of it are refused.
const NOTE_OFFSET: TimeDelta = TimeDelta::seconds(10);
const WARNING_OFFSET: TimeDelta = TimeDelta::seconds(60);
const BROKEN_OFFSET: TimeDelta = TimeDelta::minutes(5);

pub(super) async fn check(
    http: &Http,
    environment: &Environment,
    deadline: Deadline,
) -> Vec<Finding> {
    let call = |host| deadline.within(check_host(http, environment, host));
    let (identity, api) = futures_util::future::join(call(Host::Identity), call(Host::Api)).await;
    let name = environment.name.as_str();
    // The API's clock decides whether a one-time password is valid.
    let offset = [&api, &identity].into_iter().find_map(|answer| match answer {
        Ok(Ok(offset)) => *offset,
        Ok(Err(_)) | Err(_) => None,
    });
    let mut findings = vec![
        host(Check::new("salto.identity", name), Host::Identity, identity),
        host(Check::new("salto.api", name), Host::Api, api),
    ];
    findings.extend(offset.map(|offset| clock(Check::new("salto.clock", name), offset)));
    findings
}

fn host(
    check: Check<'_>,
    host: Host,
    answer: Result<Result<Option<TimeDelta>, CallError>, DeadlineExceeded>,
) -> Finding {
    match answer {
        Ok(Ok(_)) => check.ok(format!("{host} answers")),
        Ok(Err(error)) => check.broken(format!("{host}: {error}"), advice::SALTO_UNREACHABLE),
        Err(exceeded) => check.broken(format!("{host}: {exceeded}"), advice::SALTO_UNREACHABLE),
    }
}

fn clock(check: Check<'_>, offset: TimeDelta) -> Finding {
    let millis = offset.num_milliseconds();
    let seconds = (millis + 500 * millis.signum()) / 1000;
    let detail = match seconds {
        0 => "Salto's clock and this machine's agree".to_owned(),
        seconds => format!("Salto's clock is {seconds:+} s from this machine's"),
    };
    let next = "synchronise this machine's clock by NTP: windows and expiries use it";
    match offset.abs() {
        offset if offset >= BROKEN_OFFSET => check.broken(detail, next),
        offset if offset >= WARNING_OFFSET => check.warning(detail, next),
        offset if offset >= NOTE_OFFSET => check.note(detail),
        _ => check.ok(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::checks::Level;

    #[test]
    fn the_level_depends_on_the_offset_in_either_direction() {
        let level =
            |seconds| clock(Check::new("salto.clock", "e"), TimeDelta::seconds(seconds)).level;
        assert_eq!((level(0), level(-9)), (Level::Ok, Level::Ok));
        assert_eq!((level(10), level(-59)), (Level::Note, Level::Note));
        assert_eq!((level(60), level(-299)), (Level::Warning, Level::Warning));
        assert_eq!((level(300), level(-4000)), (Level::Broken, Level::Broken));
        let finding = clock(Check::new("salto.clock", "e"), TimeDelta::milliseconds(-90_400));
        assert_eq!(finding.detail, "Salto's clock is -90 s from this machine's");
    }
}
