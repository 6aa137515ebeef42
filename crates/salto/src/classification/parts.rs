//! Rows and their parts, written shortly.

use std::ops::RangeInclusive;

use super::{Classification, Condition, ErrorBody, Example, Row};
use crate::breaker::HostHealth;
use crate::error::{Cause, Certainty};

/// Statuses by which Salto accepts a command.
pub(super) const ACCEPTED: &[RangeInclusive<u16>] = &[200..=299];

/// Errors in Salto's form whose code alone says little.
pub(super) const CODES: &[ErrorBody] = &[ErrorBody::BadId, ErrorBody::OtherOfSalto];

/// No error in Salto's form.
pub(super) const NOT_SALTOS: &[ErrorBody] =
    &[ErrorBody::OddCode, ErrorBody::Html, ErrorBody::NotSaltos];

/// Statuses 4xx whose body is read for a more precise cause.
const REFUSALS: &[RangeInclusive<u16>] = &[400..=400, 402..=407, 409..=428, 430..=499];

pub(super) const fn answered(
    description: &'static str,
    condition: Condition,
    classification: Classification,
    health: HostHealth,
) -> Row {
    Row { description, condition, classification, written: true, health }
}

pub(super) const fn not_sent(
    description: &'static str,
    example: &'static str,
    cause: Cause,
    health: HostHealth,
) -> Row {
    let condition = Condition::NoAnswer(example);
    Row { description, condition, classification: without_effect(cause), written: false, health }
}

pub(super) const fn any_body(
    statuses: &'static [RangeInclusive<u16>],
    status: u16,
    body: &'static str,
) -> Condition {
    answer(statuses, ErrorBody::ALL, status, body)
}

pub(super) const fn refusal(
    bodies: &'static [ErrorBody],
    status: u16,
    body: &'static str,
) -> Condition {
    answer(REFUSALS, bodies, status, body)
}

pub(super) const fn answer(
    statuses: &'static [RangeInclusive<u16>],
    bodies: &'static [ErrorBody],
    status: u16,
    body: &'static str,
) -> Condition {
    Condition::Answer { statuses, bodies, example: Example { status, body } }
}

pub(super) const fn without_effect(cause: Cause) -> Classification {
    Classification::Failed { cause, certainty: cause.certainty_without_effect() }
}

pub(super) const fn unknown(cause: Cause) -> Classification {
    Classification::Failed { cause, certainty: Certainty::Unknown }
}
