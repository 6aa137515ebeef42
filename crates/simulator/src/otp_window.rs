//! All OTPs an IQ accepts at this moment.

use std::collections::VecDeque;

use subtle::{Choice, ConstantTimeEq};

use crate::otp::OtpScheme;

/// An OTP is valid this long either way. \[D\]
const VALID_SECONDS: i64 = 180;

/// Slides along with the clock and keeps what it computed: a check costs as many comparisons as
/// there are valid OTPs (always all of them), but hashes only for the seconds that have passed.
#[derive(Default)]
pub(crate) struct OtpWindow {
    key: Option<(OtpScheme, String, String)>,
    first_step: i64,
    otps: VecDeque<String>,
}

impl OtpWindow {
    /// Whether `given` is the OTP of any step that lies within 3 minutes of `now` (Unix seconds).
    pub(crate) fn accepts(
        &mut self,
        scheme: OtpScheme,
        (secret, pin): (&str, &str),
        now: i64,
        given: &str,
    ) -> bool {
        self.slide(scheme, secret, pin, now);
        let mut found = Choice::from(0);
        for otp in &self.otps {
            found |= otp.as_bytes().ct_eq(given.as_bytes());
        }
        found.into()
    }

    fn slide(&mut self, scheme: OtpScheme, secret: &str, pin: &str, now: i64) {
        let first = (now - VALID_SECONDS).div_euclid(scheme.step_seconds());
        let last = (now + VALID_SECONDS).div_euclid(scheme.step_seconds());
        let same_key = self.key.as_ref().is_some_and(|(its_scheme, its_secret, its_pin)| {
            *its_scheme == scheme && its_secret == secret && its_pin == pin
        });
        // A clock set back, or ahead by more than the window, starts it anew.
        let overlaps = self.first_step <= first && first <= self.next_step();
        if !same_key || !overlaps {
            self.key = Some((scheme, secret.to_owned(), pin.to_owned()));
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

    const KEY: (&str, &str) = ("ABCDEFGHIJKLMNOP", "1234");
    const NOW: i64 = 1_787_642_700;

    fn accepted(window: &mut OtpWindow, scheme: OtpScheme, now: i64, otp_of: i64) -> bool {
        window.accepts(scheme, KEY, now, &scheme.otp_at(otp_of, KEY.0, KEY.1))
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
    fn the_window_follows_the_clock_in_small_steps_and_in_leaps_both_ways() {
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
        let otp = OtpScheme::SaltoKs.otp_at(NOW, KEY.0, KEY.1);
        assert!(window.accepts(OtpScheme::SaltoKs, KEY, NOW, &otp));
        assert!(!window.accepts(OtpScheme::SaltoKs, (KEY.0, "1235"), NOW, &otp));
        assert!(!window.accepts(OtpScheme::TotpSha1, KEY, NOW, &otp));
        assert!(!window.accepts(
            OtpScheme::SaltoKs,
            KEY,
            NOW,
            &otp.to_uppercase().replace('0', "O")
        ));
        assert!(!window.accepts(OtpScheme::SaltoKs, KEY, NOW, &otp[..4]));
        assert!(!window.accepts(OtpScheme::SaltoKs, KEY, NOW, ""));
    }
}
