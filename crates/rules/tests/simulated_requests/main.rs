//! Simulated requests from their first attempt to their end: random command results and delays, decided by the
//! functions that the worker calls.

mod request;

use std::time::Duration;

use proptest::prelude::*;

use self::request::{Attempt, CommandResult, DELAYS, LIMITS, RequestEnd, SimulatedRequest};

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn retry_afters() -> impl Strategy<Value = Option<Duration>> {
    prop_oneof![3 => Just(None), 2 => millis(0..4_000).prop_map(Some), 1 => millis(0..90_000).prop_map(Some)]
}

fn command_results() -> impl Strategy<Value = CommandResult> {
    prop_oneof![
        1 => Just(CommandResult::Accepted),
        1 => Just(CommandResult::Refused),
        6 => retry_afters().prop_map(|retry_after| CommandResult::Unknown { retry_after }),
        12 => retry_afters().prop_map(|retry_after| CommandResult::NeverHappened { retry_after }),
    ]
}

prop_compose! {
    fn attempts()(
        result in command_results(),
        answered_after in prop_oneof![4 => millis(5..100), 1 => millis(5..10_000)],
        jitter in 0.0..=1.0,
        late in prop_oneof![4 => millis(0..20), 1 => millis(0..6_000)],
        other_pause in prop_oneof![9 => Just(None), 1 => millis(0..5_000).prop_map(Some)],
    ) -> Attempt {
        Attempt { result, answered_after, jitter, late, other_pause }
    }
}

/// Repeats the attempts until the request ends.
fn run(expires_at: Duration, attempts: &[Attempt]) -> (SimulatedRequest, RequestEnd) {
    let mut request = SimulatedRequest::new(expires_at);
    for attempt in attempts.iter().cycle() {
        assert!(
            request.now < expires_at + Duration::from_secs(20),
            "the request does not end: {request:?}"
        );
        if let Some(end) = request.attempt(*attempt) {
            return (request, end);
        }
    }
    unreachable!("the attempts repeat without end")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

    #[test]
    fn every_attempt_of_every_request_keeps_the_limits(
        expires_at in millis(1..90_000),
        attempts in prop::collection::vec(attempts(), 1..20),
    ) {
        let (request, end) = run(expires_at, &attempts);
        for command in &request.commands {
            prop_assert!(command.sent_at < expires_at, "after the expiry: {request:?}");
            prop_assert!(command.paused_until <= command.sent_at, "within a pause: {request:?}");
            if command.doubts > 0 {
                prop_assert!(command.doubts < LIMITS.commands, "a command too many: {request:?}");
                prop_assert!(command.since_first < LIMITS.window, "outside the resend window: {request:?}");
            }
        }
        prop_assert!(request.doubts <= LIMITS.commands);
        prop_assert!(request.refused == u32::from(end == RequestEnd::Refused), "retried a refusal: {request:?}");
    }

    /// No wait ends after the expiry, and none is longer than the backoff or Salto demands.
    #[test]
    fn every_wait_ends_before_the_expiry(
        expires_at in millis(1..90_000),
        mut attempts in prop::collection::vec(attempts(), 1..20),
    ) {
        for attempt in &mut attempts {
            attempt.late = Duration::ZERO;
            attempt.other_pause = None;
            if let CommandResult::NeverHappened { retry_after } | CommandResult::Unknown { retry_after } =
                &mut attempt.result
            {
                *retry_after = None;
            }
        }
        let (request, end) = run(expires_at, &attempts);
        prop_assert!(request.waits.iter().all(|wait| *wait <= DELAYS.cap), "{request:?}");
        let last = attempts.iter().map(|attempt| attempt.answered_after).max().unwrap_or_default();
        prop_assert!(request.now < expires_at + last, "a wait went beyond the expiry: {request:?}");
        prop_assert!(end != RequestEnd::Expired, "a wait beyond the expiry was not noticed: {request:?}");
    }

    /// Where no command ever happens, the last attempt is made shortly before the expiry.
    #[test]
    fn a_command_that_never_happened_is_retried_to_the_end(
        expires_at in millis(1_000..90_000),
        jitters in prop::collection::vec(0.0..=1.0, 1..20),
    ) {
        let attempts: Vec<_> = jitters.into_iter().map(|jitter| Attempt {
            result: CommandResult::NeverHappened { retry_after: None },
            answered_after: Duration::from_millis(5),
            jitter,
            late: Duration::ZERO,
            other_pause: None,
        }).collect();
        let (request, end) = run(expires_at, &attempts);
        prop_assert_eq!(end, RequestEnd::NoTime);
        let last = request.commands.last().expect("at least one command").sent_at;
        prop_assert!(last + DELAYS.base * 2 >= expires_at, "given up early: {:?}", request);
    }
}
