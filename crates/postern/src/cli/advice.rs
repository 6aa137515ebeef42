//! What to do where Salto says no or says nothing.

use salto::Cause;

/// A host of Salto's that does not answer.
pub(super) const REACH: &str =
    "see Salto's status page, this machine's way to the internet, and the environment's URLs";

/// What to do after a call that failed.
pub(super) const fn after(cause: Cause) -> &'static str {
    match cause {
        Cause::CredentialsRejected => {
            "correct client_id, client_secret, username or password; corrected ones are tried at once"
        }
        Cause::NotSignedIn => "run `postern login` for this integration",
        Cause::TokenRejected => {
            "look whether somebody signs the user out; a new token is asked for by itself"
        }
        Cause::Forbidden => "have the system user given the role site_admin at the site, in Salto",
        Cause::SiteNotFound => {
            "correct site_uid, or have the system user added to the site, in Salto"
        }
        Cause::RateLimited => {
            "wait; if it comes often, fewer integrations should share the account"
        }
        Cause::Cache => "see Redis' log",
        Cause::Unavailable | Cause::NotAsked | Cause::Unanswered | Cause::Late => REACH,
        Cause::LockNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpBlocked
        | Cause::IqOffline => "see the runbook",
    }
}
