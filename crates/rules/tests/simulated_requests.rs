//! Simulated requests from their first attempt to their end: random command results and delays, decided by the
//! functions that the worker calls.

use std::time::Duration;

use proptest::prelude::*;
use rules::{Certainty, Delays, Doubt, ResendLimits, RetryDecision, retry_decision};

const LIMITS: ResendLimits = ResendLimits { window: Duration::from_secs(5), commands: 3 };
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// The result of a command.
#[derive(Debug, Clone, Copy)]
enum CommandResult {
    Accepted,
    Refused,
    Unknown { retry_after: Option<Duration> },
    NeverHappened { retry_after: Option<Duration> },
}

/// The circumstances of one attempt.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    result: CommandResult,
    /// From the command to its answer.
    answered_after: Duration,
    /// The jitter of the backoff.
    jitter: f64,
    /// The delay with which the next attempt begins after its wait.
    late: Duration,
    /// A pause of the integration that the answer to another request demanded meanwhile.
    other_pause: Option<Duration>,
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestEnd {
    Opened,
    Refused,
    /// A command in doubt may not be repeated any more.
    InDoubt,
    /// The demanded wait ends too late.
    NoTime,
    Expired,
}

#[derive(Debug, Clone, Copy)]
struct Command {
    sent_at: Duration,
    /// The number of commands in doubt when it was sent.
    doubts: u32,
    /// The time since the first of them was sent.
    since_first: Duration,
    /// The end of the pause that Salto had demanded.
    paused_until: Duration,
}

#[derive(Debug)]
struct SimulatedRequest {
    expires_at: Duration,
    now: Duration,
    failures: u32,
    doubts: u32,
    first_doubt_at: Duration,
    paused_until: Duration,
    commands: Vec<Command>,
    waits: Vec<Duration>,
    refused: u32,
}

impl SimulatedRequest {
    fn new(expires_at: Duration) -> Self {
        Self {
            expires_at,
            now: Duration::ZERO,
            failures: 0,
            doubts: 0,
            first_doubt_at: Duration::ZERO,
            paused_until: Duration::ZERO,
            commands: Vec::new(),
            waits: Vec::new(),
            refused: 0,
        }
    }

    fn remaining(&self) -> Duration {
        self.expires_at.saturating_sub(self.now)
    }

    fn doubt(&self) -> Doubt {
        let since_first =
            if self.doubts == 0 { Duration::ZERO } else { self.now - self.first_doubt_at };
        Doubt { commands: self.doubts, since_first }
    }

    /// One attempt: at most one command, and the retry decision.
    fn attempt(&mut self, attempt: Attempt) -> Option<RequestEnd> {
        if let Some(pause) = attempt.other_pause {
            self.paused_until = self.paused_until.max(self.now + pause);
        }
        if self.remaining().is_zero() {
            return Some(RequestEnd::Expired);
        }
        if !LIMITS.allow(self.doubt(), Duration::ZERO) {
            return Some(RequestEnd::InDoubt);
        }
        let pause = self.paused_until.saturating_sub(self.now);
        let (certainty, retry_after) = if pause.is_zero() {
            match self.command(attempt)? {
                CommandResult::Accepted => return Some(RequestEnd::Opened),
                CommandResult::Refused => (Certainty::Refused, None),
                CommandResult::Unknown { retry_after } => (Certainty::Unknown, retry_after),
                CommandResult::NeverHappened { retry_after } => {
                    (Certainty::NeverHappened, retry_after)
                }
            }
        } else {
            (Certainty::NeverHappened, Some(pause))
        };
        if let Some(wait) = retry_after {
            self.paused_until = self.paused_until.max(self.now + wait);
        }
        self.failures += 1;
        let backoff = DELAYS.wait_within(self.failures, attempt.jitter, self.remaining());
        let wait = backoff.max(retry_after.unwrap_or_default());
        match retry_decision(certainty, self.doubt(), LIMITS, wait, self.remaining()) {
            RetryDecision::Retry(wait) => {
                self.waits.push(wait);
                self.now += wait + attempt.late;
                None
            }
            RetryDecision::GiveUp if certainty == Certainty::Refused => Some(RequestEnd::Refused),
            RetryDecision::GiveUp if wait >= self.remaining() => Some(RequestEnd::NoTime),
            RetryDecision::GiveUp => {
                assert!(!LIMITS.allow(self.doubt(), wait), "given up too early: {self:?}");
                Some(RequestEnd::InDoubt)
            }
        }
    }

    fn command(&mut self, attempt: Attempt) -> Option<CommandResult> {
        let Doubt { commands, since_first } = self.doubt();
        self.commands.push(Command {
            sent_at: self.now,
            doubts: commands,
            since_first,
            paused_until: self.paused_until,
        });
        if let CommandResult::Unknown { .. } = attempt.result {
            if self.doubts == 0 {
                self.first_doubt_at = self.now;
            }
            self.doubts += 1;
        }
        self.refused += u32::from(matches!(attempt.result, CommandResult::Refused));
        self.now += attempt.answered_after;
        Some(attempt.result)
    }
}

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
