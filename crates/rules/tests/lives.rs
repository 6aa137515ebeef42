//! Whole lives of requests: random outcomes, random delays, time passing, and at every step the same functions that
//! the worker asks.

use std::time::Duration;

use proptest::prelude::*;
use rules::after::after;
use rules::{Certainty, Delays, Doubt, Next, ResendLimits};

const LIMITS: ResendLimits = ResendLimits { window: Duration::from_secs(5), commands: 3 };
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// What a command comes to.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Accepted,
    Refused,
    Unknown { retry_after: Option<Duration> },
    NeverHappened { retry_after: Option<Duration> },
}

/// What befalls a request from one command to the next.
#[derive(Debug, Clone, Copy)]
struct Chance {
    outcome: Outcome,
    /// From the command to its answer.
    answered_after: Duration,
    /// The dice of the backoff.
    dice: f64,
    /// How much later than agreed the request is taken up again.
    late: Duration,
    /// A pause of the integration that another request has been told meanwhile.
    told_elsewhere: Option<Duration>,
}

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Opened,
    Refused,
    /// A command in doubt may not be repeated any more.
    InDoubt,
    /// The wait that is asked for ends too late.
    NoTime,
    Expired,
}

#[derive(Debug, Clone, Copy)]
struct Command {
    sent_at: Duration,
    /// Commands in doubt when it was sent.
    doubts: u32,
    /// Since the first of them.
    since_first: Duration,
    /// Until when Salto had asked for quiet.
    quiet_until: Duration,
}

#[derive(Debug)]
struct Life {
    expires_at: Duration,
    now: Duration,
    failures: u32,
    doubts: u32,
    first_doubt_at: Duration,
    quiet_until: Duration,
    commands: Vec<Command>,
    waits: Vec<Duration>,
    refused: u32,
}

impl Life {
    fn new(expires_at: Duration) -> Self {
        Self {
            expires_at,
            now: Duration::ZERO,
            failures: 0,
            doubts: 0,
            first_doubt_at: Duration::ZERO,
            quiet_until: Duration::ZERO,
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

    /// One round: the rules read afresh, at most one command, and what follows.
    fn round(&mut self, chance: Chance) -> Option<End> {
        if let Some(pause) = chance.told_elsewhere {
            self.quiet_until = self.quiet_until.max(self.now + pause);
        }
        if self.remaining().is_zero() {
            return Some(End::Expired);
        }
        if !LIMITS.allow(self.doubt(), Duration::ZERO) {
            return Some(End::InDoubt);
        }
        let pause = self.quiet_until.saturating_sub(self.now);
        let (certainty, retry_after) = if pause.is_zero() {
            match self.command(chance)? {
                Outcome::Accepted => return Some(End::Opened),
                Outcome::Refused => (Certainty::Refused, None),
                Outcome::Unknown { retry_after } => (Certainty::Unknown, retry_after),
                Outcome::NeverHappened { retry_after } => (Certainty::NeverHappened, retry_after),
            }
        } else {
            (Certainty::NeverHappened, Some(pause))
        };
        if let Some(wish) = retry_after {
            self.quiet_until = self.quiet_until.max(self.now + wish);
        }
        self.failures += 1;
        let backoff = DELAYS.wait_within(self.failures, chance.dice, self.remaining());
        let wait = backoff.max(retry_after.unwrap_or_default());
        match after(certainty, self.doubt(), LIMITS, wait, self.remaining()) {
            Next::Retry(wait) => {
                self.waits.push(wait);
                self.now += wait + chance.late;
                None
            }
            Next::GiveUp if certainty == Certainty::Refused => Some(End::Refused),
            Next::GiveUp if wait >= self.remaining() => Some(End::NoTime),
            Next::GiveUp => {
                assert!(!LIMITS.allow(self.doubt(), wait), "given up for nothing: {self:?}");
                Some(End::InDoubt)
            }
        }
    }

    fn command(&mut self, chance: Chance) -> Option<Outcome> {
        let Doubt { commands, since_first } = self.doubt();
        self.commands.push(Command {
            sent_at: self.now,
            doubts: commands,
            since_first,
            quiet_until: self.quiet_until,
        });
        if let Outcome::Unknown { .. } = chance.outcome {
            if self.doubts == 0 {
                self.first_doubt_at = self.now;
            }
            self.doubts += 1;
        }
        self.refused += u32::from(matches!(chance.outcome, Outcome::Refused));
        self.now += chance.answered_after;
        Some(chance.outcome)
    }
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn wishes() -> impl Strategy<Value = Option<Duration>> {
    prop_oneof![3 => Just(None), 2 => millis(0..4_000).prop_map(Some), 1 => millis(0..90_000).prop_map(Some)]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        1 => Just(Outcome::Accepted),
        1 => Just(Outcome::Refused),
        6 => wishes().prop_map(|retry_after| Outcome::Unknown { retry_after }),
        12 => wishes().prop_map(|retry_after| Outcome::NeverHappened { retry_after }),
    ]
}

prop_compose! {
    fn chances()(
        outcome in outcomes(),
        answered_after in prop_oneof![4 => millis(5..100), 1 => millis(5..10_000)],
        dice in 0.0..=1.0,
        late in prop_oneof![4 => millis(0..20), 1 => millis(0..6_000)],
        told_elsewhere in prop_oneof![9 => Just(None), 1 => millis(0..5_000).prop_map(Some)],
    ) -> Chance {
        Chance { outcome, answered_after, dice, late, told_elsewhere }
    }
}

/// Lives through the chances, over and over, until the end.
fn live(expires_at: Duration, chances: &[Chance]) -> (Life, End) {
    let mut life = Life::new(expires_at);
    for chance in chances.iter().cycle() {
        assert!(life.now < expires_at + Duration::from_secs(20), "it goes on and on: {life:?}");
        if let Some(end) = life.round(*chance) {
            return (life, end);
        }
    }
    unreachable!("chances repeat without end")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

    #[test]
    fn every_step_of_every_life_keeps_the_rules(
        expires_at in millis(1..90_000),
        chances in prop::collection::vec(chances(), 1..20),
    ) {
        let (life, end) = live(expires_at, &chances);
        for command in &life.commands {
            prop_assert!(command.sent_at < expires_at, "after the expiry: {life:?}");
            prop_assert!(command.quiet_until <= command.sent_at, "within a pause: {life:?}");
            if command.doubts > 0 {
                prop_assert!(command.doubts < LIMITS.commands, "one too many: {life:?}");
                prop_assert!(command.since_first < LIMITS.window, "outside the window: {life:?}");
            }
        }
        prop_assert!(life.doubts <= LIMITS.commands);
        prop_assert!(life.refused == u32::from(end == End::Refused), "retried a refusal: {life:?}");
    }

    /// Nobody waits in vain: neither for what comes after the expiry, nor longer than backoff or Salto ask for.
    #[test]
    fn every_wait_ends_before_the_expiry(
        expires_at in millis(1..90_000),
        mut chances in prop::collection::vec(chances(), 1..20),
    ) {
        for chance in &mut chances {
            chance.late = Duration::ZERO;
            chance.told_elsewhere = None;
            if let Outcome::NeverHappened { retry_after } | Outcome::Unknown { retry_after } =
                &mut chance.outcome
            {
                *retry_after = None;
            }
        }
        let (life, end) = live(expires_at, &chances);
        prop_assert!(life.waits.iter().all(|wait| *wait <= DELAYS.cap), "{life:?}");
        let last = chances.iter().map(|chance| chance.answered_after).max().unwrap_or_default();
        prop_assert!(life.now < expires_at + last, "a wait went beyond the expiry: {life:?}");
        prop_assert!(end != End::Expired, "an end that was foreseeable: {life:?}");
    }

    /// Where Salto only ever says that nothing was done, the last try comes close to the expiry.
    #[test]
    fn what_never_happened_is_tried_to_the_end(
        expires_at in millis(1_000..90_000),
        dices in prop::collection::vec(0.0..=1.0, 1..20),
    ) {
        let chances: Vec<_> = dices.into_iter().map(|dice| Chance {
            outcome: Outcome::NeverHappened { retry_after: None },
            answered_after: Duration::from_millis(5),
            dice,
            late: Duration::ZERO,
            told_elsewhere: None,
        }).collect();
        let (life, end) = live(expires_at, &chances);
        prop_assert_eq!(end, End::NoTime);
        let last = life.commands.last().expect("one at least").sent_at;
        prop_assert!(last + DELAYS.base * 2 >= expires_at, "given up early: {:?}", life);
    }
}
