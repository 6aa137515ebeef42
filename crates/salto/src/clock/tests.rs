use super::*;

use std::time::Duration;

/// A machine whose clocks a test moves.
struct Machine {
    clock: SaltoClock,
    now: Reading,
}

impl Machine {
    fn new() -> Self {
        let clock = SaltoClock::new("e");
        let now = clock.state().estimate_reading();
        Self { clock, now }
    }

    fn pass(&mut self, seconds: i64) {
        self.now.wall += TimeDelta::seconds(seconds);
        self.now.monotonic += Duration::from_secs(seconds.unsigned_abs());
    }

    /// The wall clock is set, or the machine was suspended.
    fn step(&mut self, seconds: i64) {
        self.now.wall += TimeDelta::seconds(seconds);
    }

    /// An answer of a Salto whose clock differs by so much.
    fn observe(&self, offset_s: i64) {
        let date = self.now.wall + TimeDelta::seconds(offset_s);
        let date = date.to_rfc2822().replace("+0000", "GMT");
        self.clock.observe_between(&date, self.now, self.now);
    }

    fn offset(&self) -> i64 {
        self.clock.offset().num_seconds()
    }

    fn is_certain(&self) -> bool {
        let mut state = self.clock.state();
        self.clock.check_step(&mut state, self.now);
        state.estimate.is_certain()
    }
}

impl State {
    fn estimate_reading(&self) -> Reading {
        // Whole seconds, so that a header without fractions differs by half a second at most.
        let now = Reading { wall: Utc::now(), monotonic: Instant::now() };
        let wall = DateTime::from_timestamp(now.wall.timestamp(), 500_000_000).unwrap();
        Reading { wall, ..now }
    }
}

#[test]
fn the_first_answer_counts_at_the_middle_of_its_round_trip() {
    let Machine { clock, now: sent } = Machine::new();
    let mut received = sent;
    received.wall += TimeDelta::seconds(1);
    received.monotonic += Duration::from_secs(1);
    let date = (sent.wall + TimeDelta::seconds(2)).to_rfc2822();
    clock.observe_between(&date, sent, received);
    assert_eq!(clock.offset(), TimeDelta::milliseconds(1500));
}

#[test]
fn one_wrong_date_changes_nothing_and_a_lasting_change_is_followed() {
    let machine = Machine::new();
    machine.observe(2);
    machine.observe(86_400);
    assert_eq!((machine.offset(), machine.is_certain()), (2, false), "the next answer decides");
    machine.observe(2);
    assert_eq!((machine.offset(), machine.is_certain()), (2, true));
    machine.observe(86_400);
    machine.observe(-86_400);
    assert_eq!(machine.offset(), 2, "they do not agree");
    machine.observe(2);
    machine.observe(600);
    machine.observe(601);
    assert_eq!((machine.offset(), machine.is_certain()), (601, true), "two agree");
}

#[test]
fn a_slow_change_is_followed_by_the_median() {
    let machine = Machine::new();
    for seconds in [0, 20, 20, 20] {
        machine.observe(seconds);
    }
    assert_eq!((machine.offset(), machine.is_certain()), (20, true));
}

#[test]
fn a_header_without_a_date_and_an_answer_that_took_long_are_ignored() {
    let Machine { clock, now: sent } = Machine::new();
    clock.observe_between("yesterday", sent, sent);
    let mut received = sent;
    received.wall += TimeDelta::seconds(11);
    received.monotonic += Duration::from_secs(11);
    clock.observe_between(&sent.wall.to_rfc2822(), sent, received);
    let sent = received;
    received.wall -= TimeDelta::seconds(2);
    clock.observe_between(&sent.wall.to_rfc2822(), sent, received);
    assert_eq!(clock.offset(), TimeDelta::zero());
    assert!(clock.state().estimate.is_certain());
}

#[test]
fn a_stored_offset_is_the_first_sample() {
    let machine = Machine::new();
    machine.clock.set(TimeDelta::seconds(-90));
    assert_eq!(machine.offset(), -90);
    let now = machine.clock.now();
    assert!((now - Utc::now() + TimeDelta::seconds(90)).abs() < TimeDelta::seconds(5));
    machine.observe(0);
    machine.observe(0);
    assert_eq!((machine.offset(), machine.is_certain()), (0, true));
}

#[test]
fn after_a_step_one_answer_tells_which_of_both_times_is_right() {
    for (step, salto) in [(600, 2), (600, -598), (-600, 2), (-600, 602)] {
        let mut machine = Machine::new();
        machine.observe(2);
        machine.pass(60);
        machine.step(step);
        assert!(!machine.is_certain(), "{step}");
        machine.observe(salto);
        assert_eq!((machine.offset(), machine.is_certain()), (salto, true), "{step}");
    }
}

#[test]
fn after_a_step_an_answer_that_fits_neither_time_needs_a_second_one() {
    let mut machine = Machine::new();
    machine.observe(2);
    machine.step(600);
    machine.observe(-86_400);
    assert!(!machine.is_certain());
    machine.observe(2);
    assert_eq!((machine.offset(), machine.is_certain()), (2, true));
    machine.step(600);
    machine.observe(50_000);
    machine.observe(50_001);
    assert_eq!((machine.offset(), machine.is_certain()), (50_001, true));
}

#[test]
fn a_clock_that_is_corrected_slowly_was_not_set() {
    let mut machine = Machine::new();
    for _ in 0..100 {
        machine.pass(600);
        machine.now.wall += TimeDelta::milliseconds(300);
        assert!(machine.is_certain());
    }
    machine.step(4);
    assert!(machine.is_certain());
    machine.step(1);
    assert!(!machine.is_certain(), "small steps add up");
}

#[test]
fn a_correction_by_another_replica_puts_the_offset_in_doubt_once() {
    let machine = Machine::new();
    machine.observe(0);
    machine.clock.heed(1);
    assert!(!machine.is_certain());
    machine.observe(0);
    machine.clock.heed(1);
    assert!(machine.is_certain());
    machine.clock.set_corrections(2);
    machine.clock.heed(2);
    assert!(machine.is_certain(), "its own");
}

#[test]
fn a_password_is_mistimed_where_salto_would_not_accept_its_time() {
    let clock = SaltoClock::new("e");
    let otp = clock.otp_time().unwrap();
    for (offset, mistimed) in [(0, false), (149, false), (151, true), (-149, false), (-151, true)] {
        clock.set(TimeDelta::seconds(offset));
        assert_eq!(clock.error_of(otp).is_some(), mistimed, "{offset}");
    }
}

#[test]
fn rows_may_be_older_than_they_seem_after_saltos_clock_went_back() {
    let mut machine = Machine::new();
    machine.observe(-40);
    assert_eq!(machine.clock.state().rows_from, None, "the first answer says nothing of a change");
    for offset in [-41, -39, 0, 0, 0, 0, 0] {
        machine.observe(offset);
    }
    assert_eq!(machine.clock.state().rows_from, None, "it went forward");
    machine.pass(60);
    (0..3).for_each(|_| machine.observe(-20));
    assert_eq!(machine.offset(), -20);
    let from = machine.clock.state().rows_from.unwrap();
    // A row of just before the step seems to be 20 s newer than it is.
    let seems = machine.now.wall + TimeDelta::seconds(20);
    assert!(from > seems && from < seems + TimeDelta::seconds(10), "{from} {seems}");
}

#[test]
fn rows_of_the_future_are_from_no_time() {
    let clock = SaltoClock::new("e");
    let since = Utc::now() - TimeDelta::seconds(60);
    let past = since..=since + TimeDelta::seconds(5);
    assert_eq!(clock.rows_of(&past), since - ROW_TOLERANCE..=*past.end() + ROW_TOLERANCE);
    let times = clock.rows_of(&(since..=since + TimeDelta::hours(1)));
    assert_eq!(*times.start(), since - ROW_TOLERANCE);
    assert!(times.contains(&(Utc::now() + TimeDelta::seconds(1))));
    assert!(!times.contains(&(Utc::now() + TimeDelta::seconds(10))));
}
