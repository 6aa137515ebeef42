//! An environment of Salto: both hosts answer, and how far its clock is from this machine's.

use chrono::TimeDelta;
use salto::{CallError, Environment, Host, Http, check_host};

use super::deadline::{Deadline, Late};
use super::finding::{About, Finding};
use crate::cli::advice;

/// One-time passwords make up for the offset. Windows and expiries go by this machine's clock alone,
/// and events from more than five minutes ahead of it are refused.
const NOTED: TimeDelta = TimeDelta::seconds(10);
const WARNED: TimeDelta = TimeDelta::seconds(60);
const BROKEN: TimeDelta = TimeDelta::minutes(5);

pub(super) async fn check(
    http: &Http,
    environment: &Environment,
    deadline: Deadline,
) -> Vec<Finding> {
    let ask = |host| deadline.within(check_host(http, environment, host));
    let (identity, api) = futures_util::future::join(ask(Host::Identity), ask(Host::Api)).await;
    let name = environment.name.as_str();
    // Passwords are judged by the API's clock.
    let offset = [&api, &identity].into_iter().find_map(|answer| match answer {
        Ok(Ok(offset)) => *offset,
        Ok(Err(_)) | Err(_) => None,
    });
    let mut findings = vec![
        host(About("salto.identity", name), Host::Identity, identity),
        host(About("salto.api", name), Host::Api, api),
    ];
    findings.extend(offset.map(|offset| clock(About("salto.clock", name), offset)));
    findings
}

fn host(
    about: About<'_>,
    host: Host,
    answer: Result<Result<Option<TimeDelta>, CallError>, Late>,
) -> Finding {
    match answer {
        Ok(Ok(_)) => about.ok(format!("{host} answers")),
        Ok(Err(error)) => about.broken(format!("{host}: {error}"), advice::REACH),
        Err(late) => about.broken(format!("{host}: {late}"), advice::REACH),
    }
}

fn clock(about: About<'_>, offset: TimeDelta) -> Finding {
    let millis = offset.num_milliseconds();
    let seconds = (millis + 500 * millis.signum()) / 1000;
    let detail = match seconds {
        0 => "Salto's clock and this machine's agree".to_owned(),
        seconds => format!("Salto's clock is {seconds:+} s from this machine's"),
    };
    let set = "set this machine's clock by NTP: windows and expiries go by it";
    match offset.abs() {
        far if far >= BROKEN => about.broken(detail, set),
        far if far >= WARNED => about.warning(detail, set),
        far if far >= NOTED => about.note(detail),
        _ => about.ok(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_is_as_wrong_as_it_is_far_either_way() {
        let level = |seconds| clock(About("salto.clock", "e"), TimeDelta::seconds(seconds)).level;
        assert_eq!((level(0), level(-9)), (Level::Ok, Level::Ok));
        assert_eq!((level(10), level(-59)), (Level::Note, Level::Note));
        assert_eq!((level(60), level(-299)), (Level::Warning, Level::Warning));
        assert_eq!((level(300), level(-4000)), (Level::Broken, Level::Broken));
        let told = clock(About("salto.clock", "e"), TimeDelta::milliseconds(-90_400));
        assert_eq!(told.detail, "Salto's clock is -90 s from this machine's");
    }
}
