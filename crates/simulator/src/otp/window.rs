//! The OTPs that an IQ accepts at a given time.

use std::collections::VecDeque;

use subtle::{Choice, ConstantTimeEq};

use super::scheme::OtpScheme;

/// An OTP is valid for 3 minutes before and after its time (`docs/salto-ks.md`, The OTP).
const VALID_SECONDS: i64 = 180;

/// What the OTPs of a user at an IQ are computed from. `Debug` is left out: it holds secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtpParameters<'a> {
    pub(crate) scheme: OtpScheme,
    pub(crate) secret: &'a str,
    pub(crate) pin: &'a str,
}

struct OwnedOtpParameters {
    scheme: OtpScheme,
    secret: String,
    pin: String,
}

impl OwnedOtpParameters {
    fn borrowed(&self) -> OtpParameters<'_> {
        OtpParameters { scheme: self.scheme, secret: &self.secret, pin: &self.pin }
    }
}

/// The valid OTPs for given parameters, kept between checks: a check hashes only for the seconds that
/// have passed since the check before. It always compares with every valid OTP.
#[derive(Default)]
pub(crate) struct OtpWindow {
    parameters: Option<OwnedOtpParameters>,
    first_step: i64,
    otps: VecDeque<String>,
}

impl OtpWindow {
    /// Whether `given` is the OTP of a step within 3 minutes of `now` (Unix seconds).
    pub(crate) fn accepts(&mut self, parameters: OtpParameters<'_>, now: i64, given: &str) -> bool {
        self.move_to(parameters, now);
        let mut found = Choice::from(0);
        for otp in &self.otps {
            found |= otp.as_bytes().ct_eq(given.as_bytes());
        }
        found.into()
    }

    fn move_to(&mut self, parameters: OtpParameters<'_>, now: i64) {
        let OtpParameters { scheme, secret, pin } = parameters;
        let first = (now - VALID_SECONDS).div_euclid(scheme.step_seconds());
        let last = (now + VALID_SECONDS).div_euclid(scheme.step_seconds());
        let unchanged =
            self.parameters.as_ref().is_some_and(|known| known.borrowed() == parameters);
        // Where the clock was set back, or ahead by more than the window, nothing can be kept.
        let overlaps = self.first_step <= first && first <= self.next_step();
        if !unchanged || !overlaps {
            self.parameters =
                Some(OwnedOtpParameters { scheme, secret: secret.to_owned(), pin: pin.to_owned() });
            self.first_step = first;
            self.otps.clear();
        }
        while self.first_step < first {
            self.otps.pop_front();
            self.first_step += 1;
        }
        for step in self.next_step()..=last {
            self.otps.push_back(scheme.otp_of_step(step, secret, pin));
        }
        self.otps.truncate(usize::try_from(last - first + 1).unwrap_or(0));
    }

    fn next_step(&self) -> i64 {
        self.first_step + i64::try_from(self.otps.len()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: OtpParameters<'static> =
        OtpParameters { scheme: OtpScheme::SaltoKs, secret: "ABCDEFGHIJKLMNOP", pin: "1234" };
    const NOW: i64 = 1_787_642_700;

    fn accepted(window: &mut OtpWindow, scheme: OtpScheme, now: i64, otp_of: i64) -> bool {
        let otp = scheme.otp_at(otp_of, PARAMETERS.secret, PARAMETERS.pin);
        window.accepts(OtpParameters { scheme, ..PARAMETERS }, now, &otp)
    }

    #[test]
    fn an_otp_is_valid_for_3_minutes_either_way_and_no_longer() {
        let mut window = OtpWindow::default();
        for (age, valid) in [(180, true), (181, false), (0, true), (-180, true), (-181, false)] {
            assert_eq!(accepted(&mut window, OtpScheme::SaltoKs, NOW, NOW - age), valid, "{age}");
        }
    }

    #[test]
    fn a_totp_is_valid_for_3_minutes_either_way_and_no_longer() {
        let mut window = OtpWindow::default();
        for (age, valid) in [(180, true), (0, true), (-180, true), (240, false), (-240, false)] {
            assert_eq!(accepted(&mut window, OtpScheme::TotpSha1, NOW, NOW - age), valid, "{age}");
        }
    }

    #[test]
    fn the_window_follows_the_clock_in_small_and_large_steps_both_ways() {
        let mut window = OtpWindow::default();
        for now in [NOW, NOW + 1, NOW + 100, NOW + 361, NOW + 9_000, NOW - 50, NOW - 51] {
            assert!(accepted(&mut window, OtpScheme::SaltoKs, now, now - 180), "{now}");
            assert!(accepted(&mut window, OtpScheme::SaltoKs, now, now + 180), "{now}");
            assert!(!accepted(&mut window, OtpScheme::SaltoKs, now, now - 181), "{now}");
            assert!(!accepted(&mut window, OtpScheme::SaltoKs, now, now + 181), "{now}");
            assert_eq!(window.otps.len(), 361);
        }
    }

    #[test]
    fn a_changed_pin_scheme_or_spelling_is_not_accepted() {
        let mut window = OtpWindow::default();
        let otp = OtpScheme::SaltoKs.otp_at(NOW, PARAMETERS.secret, PARAMETERS.pin);
        assert!(window.accepts(PARAMETERS, NOW, &otp));
        assert!(!window.accepts(OtpParameters { pin: "1235", ..PARAMETERS }, NOW, &otp));
        assert!(!window.accepts(
            OtpParameters { scheme: OtpScheme::TotpSha1, ..PARAMETERS },
            NOW,
            &otp
        ));
        assert!(!window.accepts(PARAMETERS, NOW, &otp.to_uppercase().replace('0', "O")));
        assert!(!window.accepts(PARAMETERS, NOW, &otp[..4]));
        assert!(!window.accepts(PARAMETERS, NOW, ""));
    }
}
