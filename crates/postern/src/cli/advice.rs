//! What to do where Salto says no or says nothing.

use publisher::ConnectError;
use salto::{CallError, Cause};

/// A host of Salto's that does not answer.
pub(super) const REACH: &str =
    "see Salto's status page, this machine's way to the internet, and the environment's URLs";

/// Redis cannot be used.
pub(super) const REDIS: &str = "see that Redis runs and that redis.url names it";

/// RabbitMQ cannot be used.
pub(super) const BROKER: &str = "see that RabbitMQ runs and that broker.url names it";

/// What to do where there is no connection to the broker.
pub(super) const fn connecting(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Url(_) => "correct broker.url",
        ConnectError::Refused { .. } => {
            "correct user, password or virtual host in broker.url, or give the user its permissions"
        }
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => BROKER,
    }
}

/// The error, and for how long Salto is not asked again.
pub(super) fn detail(error: &CallError) -> String {
    match error.retry_after {
        Some(wait) => format!("{error}; not asked again for {} s", wait.as_secs().max(1)),
        None => error.to_string(),
    }
}

/// What to do after a call that failed.
pub(super) fn after(error: &CallError) -> &'static str {
    match error.cause {
        Cause::CredentialsRejected => rejected(error.code.as_deref()),
        Cause::NotSignedIn => "run `postern login` for this integration",
        Cause::TokenRejected => {
            "look whether both URLs of the environment belong together, and whether somebody signs \
             the user out; a new token is asked for by itself"
        }
        Cause::Forbidden => {
            "have the system user given the role site_admin and remote access at the site, and see \
             that it is not blocked, in Salto"
        }
        Cause::SiteNotFound => {
            "correct site_uid, or have the system user added to the site, in Salto"
        }
        Cause::RateLimited => {
            "wait; if it comes often, fewer integrations should share the account"
        }
        Cause::Cache => "see that Redis runs, and its log",
        Cause::Unavailable | Cause::BreakerOpen | Cause::Unanswered | Cause::Expired => REACH,
        Cause::LockNotFound => "`postern lock list` shows the site's locks",
        Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpBlocked => "`postern iq list` shows how the site's IQs stand, and what to do",
        Cause::IqOffline => "see to the IQ's power and its network",
    }
}

/// By OAuth's word for what the identity provider holds against a token request.
fn rejected(code: Option<&str>) -> &'static str {
    match code {
        Some("invalid_grant") => {
            "correct username and password of the integration; corrected ones are tried at once"
        }
        Some("invalid_client") => {
            "correct client_id and client_secret of the environment; corrected ones are tried at once"
        }
        Some("invalid_scope") => {
            "correct scope of the environment; a corrected one is tried at once"
        }
        Some("unauthorized_client" | "unsupported_grant_type") => {
            "have the client allowed this flow, at Salto, or set the integration's flow to another"
        }
        Some(_) | None => {
            "correct client_id, client_secret, username or password; corrected ones are tried at once"
        }
    }
}
