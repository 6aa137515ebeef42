//! Every rule with its result and its inputs, for people who ask why a door does not open.

use chrono::{DateTime, Utc};

use crate::coded_enum;
use crate::decide::{self, Rejection, Request};
use crate::{BookingStates, IntegrationRules, LockRef, Window};

coded_enum! {
    /// A rule, in the order in which [`crate::decide()`] evaluates them.
    pub enum Rule {
        /// The request had not expired when it was taken from the queue.
        TakenInTime = "taken_in_time",
        /// The integration is configured.
        IntegrationKnown = "integration_known",
        /// The integration is switched on.
        IntegrationActive = "integration_active",
        /// A state of the booking is known.
        BookingKnown = "booking_known",
        /// The booking's status is one that opens doors.
        StatusAllowed = "status_allowed",
        /// The booking's window has begun.
        WindowBegun = "window_begun",
        /// The booking's window is not over.
        WindowNotOver = "window_not_over",
        /// The requested object is one of the booking's, or the booking has only one.
        ObjectBooked = "object_booked",
        /// The object has a lock.
        LockMapped = "lock_mapped",
        /// The request has not expired since it was taken.
        NotExpired = "not_expired",
    }
}

/// The result of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleResult {
    /// This rule allows the door to open.
    Yes,
    /// This rule does not. The first rejection is the decision.
    No(Rejection),
    /// The request has expired since it was taken, which is no rejection.
    Expired,
    /// The inputs of the rule are not known.
    NotApplicable,
}

/// An input of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleInput {
    /// A text, or none.
    Text(Option<String>),
    /// Several texts.
    Texts(Vec<String>),
    /// An instant.
    Time(DateTime<Utc>),
    /// A number.
    Number(u32),
    /// A lock, or none.
    Lock(Option<LockRef>),
}

/// The inputs of a rule, by name.
type Inputs = Vec<(&'static str, RuleInput)>;

/// A rule with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleStep {
    /// The rule.
    pub rule: Rule,
    /// Its result.
    pub result: RuleResult,
    /// Its inputs, by name.
    pub inputs: Vec<(&'static str, RuleInput)>,
}

/// All rules in order. Each result is the one that [`crate::decide()`] would give if the rule were
/// evaluated first.
#[must_use]
pub fn explain(
    now: DateTime<Utc>,
    integration: Option<&IntegrationRules>,
    booking: Option<&BookingStates>,
    request: &Request,
) -> Vec<RuleStep> {
    let question = Question { now, integration, booking, request };
    Rule::ALL.iter().map(|rule| question.step(*rule)).collect()
}

/// Everything that the rules may look at.
struct Question<'a> {
    now: DateTime<Utc>,
    integration: Option<&'a IntegrationRules>,
    booking: Option<&'a BookingStates>,
    request: &'a Request,
}

impl Question<'_> {
    fn step(&self, rule: Rule) -> RuleStep {
        let (result, inputs) = match rule {
            Rule::TakenInTime => self.taken_in_time(),
            Rule::IntegrationKnown => self.integration_known(),
            Rule::IntegrationActive => {
                (result(self.integration.map(decide::integration_active)), Inputs::new())
            }
            Rule::BookingKnown => {
                (result(Some(decide::booking_known(self.booking))), Inputs::new())
            }
            Rule::StatusAllowed => self.status_allowed(),
            Rule::WindowBegun => self.window_begun(),
            Rule::WindowNotOver => self.window_not_over(),
            Rule::ObjectBooked => self.object_booked(),
            Rule::LockMapped => self.lock_mapped(),
            Rule::NotExpired => self.not_expired(),
        };
        RuleStep { rule, result, inputs }
    }

    fn taken_in_time(&self) -> (RuleResult, Inputs) {
        let inputs = vec![
            ("taken_at", RuleInput::Time(self.request.taken_at)),
            ("expires_at", RuleInput::Time(self.request.expires_at)),
        ];
        (result(Some(decide::taken_in_time(self.request))), inputs)
    }

    fn integration_known(&self) -> (RuleResult, Inputs) {
        let inputs = self.integration.map(|it| ("id", text(&it.id))).into_iter().collect();
        (result(Some(decide::integration_known(self.integration))), inputs)
    }

    fn status_allowed(&self) -> (RuleResult, Inputs) {
        let allowed = |integration: &IntegrationRules| {
            let check_in = integration.check_in_status.clone();
            RuleInput::Texts(
                integration.open_from_statuses.iter().cloned().chain(check_in).collect(),
            )
        };
        let both = self.integration.zip(self.booking);
        let inputs = known([
            self.booking.map(|booking| ("status", statuses(booking))),
            self.integration.map(|integration| ("allowed", allowed(integration))),
        ]);
        let allowed =
            both.map(|(integration, booking)| decide::status_allowed(integration, booking));
        (result(allowed), inputs)
    }

    fn window_begun(&self) -> (RuleResult, Inputs) {
        let window = self.integration.and(self.window());
        let inputs = known([
            window.map(|window| ("opens_at", RuleInput::Time(window.opens_at))),
            self.booking.map(|booking| ("starts_at", RuleInput::Time(latest_start(booking)))),
            self.integration.map(|it| ("minutes_before", RuleInput::Number(it.minutes_before))),
            Some(("now", RuleInput::Time(self.now))),
        ]);
        (result(window.map(|window| decide::window_begun(self.now, window))), inputs)
    }

    fn window_not_over(&self) -> (RuleResult, Inputs) {
        let window = self.window();
        let inputs = known([
            window.map(|window| ("closes_at", RuleInput::Time(window.closes_at))),
            self.booking.map(|booking| ("ends_at", RuleInput::Time(earliest_end(booking)))),
            self.integration.map(|it| ("minutes_after", RuleInput::Number(it.minutes_after))),
            Some(("now", RuleInput::Time(self.now))),
        ]);
        (result(window.map(|window| decide::window_not_over(self.now, window))), inputs)
    }

    fn object_booked(&self) -> (RuleResult, Inputs) {
        let inputs = known([
            Some(("asked_for", RuleInput::Text(self.request.object_id.clone()))),
            self.booking.map(|it| ("booked", RuleInput::Texts(it.shared_objects()))),
            self.shared_with().map(|objects| ("comes_with", RuleInput::Texts(objects))),
        ]);
        (result(self.object()), inputs)
    }

    fn object(&self) -> Option<Result<String, Rejection>> {
        let booking = self.booking?;
        Some(decide::object_booked(self.integration, booking, self.request))
    }

    /// The objects with which the door that is asked for comes, where it is a shared one.
    fn shared_with(&self) -> Option<Vec<String>> {
        self.integration?.shared_doors.get(self.request.object_id.as_deref()?).cloned()
    }

    fn lock_mapped(&self) -> (RuleResult, Inputs) {
        let object = self.object().and_then(Result::ok);
        let Some((integration, object)) = self.integration.zip(object) else {
            return (RuleResult::NotApplicable, Inputs::new());
        };
        let inputs = vec![
            ("object", text(&object)),
            ("lock", RuleInput::Lock(integration.lock_of(&object).cloned())),
        ];
        (result(Some(decide::lock_mapped(integration, &object))), inputs)
    }

    fn not_expired(&self) -> (RuleResult, Inputs) {
        let in_time = decide::in_time(self.now, self.request);
        let inputs = vec![
            ("expires_at", RuleInput::Time(self.request.expires_at)),
            ("now", RuleInput::Time(self.now)),
        ];
        (if in_time { RuleResult::Yes } else { RuleResult::Expired }, inputs)
    }

    fn window(&self) -> Option<Window> {
        self.booking.map(|booking| Window::of(self.integration, booking))
    }
}

fn result<T>(answer: Option<Result<T, Rejection>>) -> RuleResult {
    match answer {
        None => RuleResult::NotApplicable,
        Some(Ok(_)) => RuleResult::Yes,
        Some(Err(rejection)) => RuleResult::No(rejection),
    }
}

/// The status; the statuses of tied states where they differ.
fn statuses(booking: &BookingStates) -> RuleInput {
    let mut statuses: Vec<_> = booking.all().iter().map(|state| state.status.clone()).collect();
    statuses.dedup();
    match <[String; 1]>::try_from(statuses) {
        Ok([only]) => RuleInput::Text(Some(only)),
        Err(several) => RuleInput::Texts(several),
    }
}

fn latest_start(booking: &BookingStates) -> DateTime<Utc> {
    booking.all().iter().map(|state| state.starts_at).fold(DateTime::<Utc>::MIN_UTC, DateTime::max)
}

fn earliest_end(booking: &BookingStates) -> DateTime<Utc> {
    booking.all().iter().map(|state| state.ends_at).fold(DateTime::<Utc>::MAX_UTC, DateTime::min)
}

fn text(text: &str) -> RuleInput {
    RuleInput::Text(Some(text.to_owned()))
}

/// Those inputs that are known.
fn known<const N: usize>(inputs: [Option<(&'static str, RuleInput)>; N]) -> Inputs {
    inputs.into_iter().flatten().collect()
}
