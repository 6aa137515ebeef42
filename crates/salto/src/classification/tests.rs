//! The table is complete, and agrees with what may be sent again.

use super::*;

#[test]
fn every_answer_has_exactly_one_row() {
    for status in 100..=999 {
        for &body in ErrorBody::ALL {
            let rows: Vec<&Row> = ROWS.iter().filter(|row| row.applies_to(status, body)).collect();
            assert_eq!(rows.len(), 1, "{status} {body:?}: {rows:?}");
            assert_eq!(row_of_answer(status, body), rows[0]);
        }
    }
}

/// What may be sent again and what not (`docs/contract.md`, invariant 3), written down a second time.
#[test]
fn the_certainty_of_every_answer_agrees_with_the_contract() {
    for status in 100..=999 {
        for &body in ErrorBody::ALL {
            let row = row_of_answer(status, body);
            assert!(row.written);
            let certainty = match (status, body) {
                (200..=299, ErrorBody::NotSaltos) => {
                    assert_eq!(row.classification, Classification::Opened);
                    continue;
                }
                (200..=299, _) => Certainty::Unknown,
                (401 | 429 | 503, _) | (100..=199 | 300..=399, _) => Certainty::NeverHappened,
                (408 | 500.., _) => Certainty::Unknown,
                (_, ErrorBody::IqOffline | ErrorBody::IqRefused)
                | (404, ErrorBody::OddCode | ErrorBody::Html | ErrorBody::NotSaltos) => {
                    Certainty::NeverHappened
                }
                (_, _) => Certainty::Refused,
            };
            let Classification::Failed { cause, certainty: found } = row.classification else {
                panic!("{status} {body:?} opens");
            };
            assert_eq!(found, certainty, "{status} {body:?}");
            let otp = match body {
                ErrorBody::OtpBlocked => Cause::OtpBlocked,
                ErrorBody::OtpInvalid => Cause::OtpInvalid,
                _ => continue,
            };
            let is_about_otp = certainty == Certainty::Refused || (200..=299).contains(&status);
            assert_eq!(cause == otp, is_about_otp, "{status} {body:?}");
        }
    }
    for row in [&BREAKER_OPEN, &NO_CONNECTION, &EXPIRED, &WITHDRAWN] {
        assert_eq!((row.failure().1, row.written), (Certainty::NeverHappened, false));
    }
    assert_eq!((UNANSWERED.failure().1, UNANSWERED.written), (Certainty::Unknown, true));
}
