//! What an operator does about a failed request whose class is `configuration`, and about tied states.

use rules::FailedReason;

/// The next step where states of a booking are tied.
pub(crate) const AFTER_TIE: &str = "have the booking system send its newest state again with a later time, and a revision with every status";

/// The next step, as warnings name it; none where trying again may help. The runbook says more.
pub(crate) const fn after_failure(reason: FailedReason) -> Option<&'static str> {
    match reason {
        FailedReason::IqNotActivated => Some("run `postern iq activate`"),
        FailedReason::IqReactivationRequired => {
            Some("run `postern iq activate`, after a reset at Salto where it asks for one")
        }
        FailedReason::OtpInvalid => {
            Some("run `postern iq probe`, and `postern doctor` for the clocks")
        }
        FailedReason::CredentialsRejected => Some(
            "run `postern doctor`, then correct the account's credentials or run `postern login`",
        ),
        FailedReason::Forbidden => {
            Some("run `postern doctor`: it names the right that the system user lacks")
        }
        FailedReason::LockNotFound => {
            Some("run `postern mapping check`: the mapped lock does not exist at the site")
        }
        FailedReason::IqOffline
        | FailedReason::IqRefused
        | FailedReason::PrivacyMode
        | FailedReason::OtpBlocked
        | FailedReason::RateLimited
        | FailedReason::SaltoUnavailable
        | FailedReason::OutcomeUnknown => None,
    }
}

#[cfg(test)]
mod tests {
    use rules::FailedClass;

    use super::*;

    #[test]
    fn every_failure_of_class_configuration_has_a_next_step_and_no_other() {
        for reason in FailedReason::ALL {
            let is_configuration = reason.class() == FailedClass::Configuration;
            assert_eq!(after_failure(*reason).is_some(), is_configuration, "{reason}");
        }
    }
}
