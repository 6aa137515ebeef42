//! The answer to a probe: its code, its meaning, and what to do.

use salto::{CallError, Cause};

/// The answer to a probe.
pub(super) struct ProbeAnswer {
    pub(super) code: &'static str,
    /// What the answer means, and what to do.
    pub(super) meaning: String,
}

impl ProbeAnswer {
    /// Salto accepts the OTP.
    pub(super) fn accepted() -> Self {
        let meaning = "Salto's cloud accepts the one-time password: secret, PIN and clock are right there. Only \
                       an opening proves that the IQ has the same: `postern lock open` opens a door once";
        Self { code: "accepted", meaning: meaning.to_owned() }
    }

    /// The answer that is this error. `of_state` is the next step for the state of the IQ.
    pub(super) fn refused(error: &CallError, of_state: Option<String>) -> Self {
        let by_cause = next_step(error.cause);
        let next = of_state.filter(|_| is_about_the_activation(error.cause));
        Self {
            code: code(error.cause),
            meaning: format!("{error}; {}", next.as_deref().unwrap_or(by_cause)),
        }
    }
}

const fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::OtpInvalid => "otp_invalid",
        Cause::OtpMistimed => "otp_mistimed",
        Cause::OtpBlocked => "otp_blocked",
        Cause::NotActivated => "not_activated",
        Cause::IqOffline => "iq_offline",
        Cause::IqRefused => "iq_refused",
        Cause::IqNotFound => "iq_not_found",
        Cause::SiteNotFound => "site_not_found",
        Cause::Forbidden => "forbidden",
        Cause::TokenRejected
        | Cause::TokenUnusable
        | Cause::CredentialsRejected
        | Cause::NotSignedIn => "sign_in_failed",
        Cause::RateLimited => "rate_limited",
        Cause::Unavailable | Cause::BreakerOpen => "unavailable",
        Cause::Unanswered => "unanswered",
        Cause::Cache => "redis_away",
        // No known answers to this call.
        Cause::LockNotFound
        | Cause::LockMoved
        | Cause::AlreadyActivated
        | Cause::Expired
        | Cause::Withdrawn => "other",
    }
}

/// Whether the state of the IQ's activation says what to do about it.
const fn is_about_the_activation(cause: Cause) -> bool {
    matches!(cause, Cause::OtpInvalid | Cause::OtpBlocked | Cause::NotActivated)
}

const fn next_step(cause: Cause) -> &'static str {
    match cause {
        Cause::OtpInvalid | Cause::OtpBlocked => {
            "run `postern iq list`, which says what to do in the state that the IQ is in now"
        }
        Cause::OtpMistimed => {
            "The rejection shows nothing about secret and PIN, and is not counted against the IQ. Correct \
             the clock of this machine, then probe again"
        }
        Cause::NotActivated => {
            "the activation was reset at Salto: run `postern iq activate`, which begins anew"
        }
        Cause::IqOffline => {
            "Check the power and the network of the IQ. The probe shows nothing about secret and PIN"
        }
        Cause::IqRefused => {
            "The probe shows nothing about secret and PIN; probe again later. If it lasts, ask Salto \
             what the code means"
        }
        Cause::IqNotFound => "Run `postern iq list`, which shows the IQs of the site",
        Cause::SiteNotFound => "Run `postern site list`, which shows the sites of the account",
        Cause::Forbidden => {
            "Check the rights of the system user at the site: it needs remote access and must not be \
             blocked"
        }
        Cause::TokenRejected | Cause::TokenUnusable => {
            "The probe shows nothing about secret and PIN; `postern doctor` checks the sign-in"
        }
        Cause::CredentialsRejected => {
            "Correct user name, password, client id or client secret in the configuration"
        }
        Cause::NotSignedIn => "Run `postern login` to sign in",
        Cause::RateLimited => "Wait a moment, then probe again",
        Cause::Unavailable | Cause::BreakerOpen => {
            "The probe shows nothing about secret and PIN; probe again later"
        }
        Cause::Unanswered => {
            "It is not known whether Salto checked the one-time password; probe again later"
        }
        Cause::Cache => "Check Redis, then probe again",
        Cause::LockNotFound
        | Cause::LockMoved
        | Cause::AlreadyActivated
        | Cause::Expired
        | Cause::Withdrawn => "This answer to a probe is not known",
    }
}
