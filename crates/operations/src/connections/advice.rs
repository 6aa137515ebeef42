//! What the operator can do about a failed call to Salto, RabbitMQ or Redis.

use publisher::ConnectError;
use salto::{CallError, Cause};

/// For a host of Salto that does not answer.
pub const SALTO_UNREACHABLE: &str = "check Salto's status page, the internet connection of this machine, and the environment's URLs";

/// For a Redis that cannot be used.
pub const REDIS_UNUSABLE: &str = "check that Redis runs and that redis.url is its address, or redis.sentinels those of its sentinels";

/// For a RabbitMQ that cannot be used.
pub const BROKER_UNUSABLE: &str = "check that RabbitMQ runs and that broker.url is its address, or broker.urls those of its nodes";

/// For a RabbitMQ in a memory or disk alarm.
pub const BROKER_BLOCKED: &str = "give RabbitMQ memory or disk space: `rabbitmq-diagnostics alarms` names the node and the resource";

/// What to do about a failed connection to the broker.
pub fn for_connect_error(error: &ConnectError) -> &'static str {
    match error {
        ConnectError::Url(_) => "correct broker.url",
        ConnectError::NoNode(errors) => {
            // A node that refuses says more than one that is away.
            let refusal = errors.iter().find(|error| !error.may_pass());
            refusal.map_or(BROKER_UNUSABLE, for_connect_error)
        }
        ConnectError::Refused { .. } => {
            "correct the user, password or virtual host in broker.url, or grant the user its permissions"
        }
        ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => BROKER_UNUSABLE,
    }
}

/// The text of the error, with the time for which no call is sent.
pub fn call_error_text(error: &CallError) -> String {
    match error.retry_after {
        Some(wait) => format!("{error}; no call is sent for {} s", wait.as_secs().max(1)),
        None => error.to_string(),
    }
}

/// What to do about a failed call to Salto.
pub fn for_call_error(error: &CallError) -> &'static str {
    match error.cause {
        Cause::CredentialsRejected => for_rejected_credentials(error.code.as_deref()),
        Cause::NotSignedIn => "run `postern login` for this integration",
        Cause::TokenRejected => {
            "check that both URLs of the environment belong together, and that no other program signs \
             the user out; a new token is requested automatically"
        }
        Cause::TokenUnusable => {
            "check that identity_url is Salto's, and Salto's status page; a new token is requested \
             automatically"
        }
        Cause::Forbidden => {
            "in Salto KS, give the system user remote access and the right to lock and unlock remotely at \
             the site (the role site_admin has it), and check that it is neither blocked nor suspended"
        }
        Cause::SiteNotFound => "correct site_uid, or add the system user to the site in Salto",
        Cause::RateLimited => "wait; if it happens often, let fewer integrations share the account",
        Cause::Cache => "check that Redis runs, and read its log",
        Cause::Unavailable
        | Cause::BreakerOpen
        | Cause::Unanswered
        | Cause::Expired
        | Cause::Withdrawn => SALTO_UNREACHABLE,
        Cause::LockNotFound => "run `postern lock list`, which shows the site's locks",
        Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpBlocked => {
            "run `postern iq list`, which shows the state of the site's IQs and what to do"
        }
        Cause::OtpMistimed | Cause::LockMoved => "run this command again",
        Cause::IqOffline => "check the power and the network of the IQ",
        Cause::IqRefused => {
            "try again; if it lasts, check the lock at the door and the code in Salto's documents"
        }
    }
}

/// What to do about a rejected token request, by its OAuth error code.
fn for_rejected_credentials(code: Option<&str>) -> &'static str {
    match code {
        Some("invalid_grant") => {
            "correct username and password of the integration; corrected ones are used at once"
        }
        Some("invalid_client") => {
            "correct client_id and client_secret of the environment; corrected ones are used at once"
        }
        Some("invalid_scope") => {
            "correct scope of the environment; a corrected one is used at once"
        }
        Some("unauthorized_client" | "unsupported_grant_type") => {
            "the client may not sign in with a password: set flow = \"authorization_code\" in the \
             integration and run `postern login`, or have Salto allow the password grant"
        }
        Some("mfa_required") => {
            "the account has a second factor, which a password alone does not pass: set \
             flow = \"authorization_code\" in the integration and run `postern login`"
        }
        Some("access_denied") => {
            "check in Salto that the account is active, and has no second factor; with one, set \
             flow = \"authorization_code\" in the integration and run `postern login`"
        }
        Some(_) | None => {
            "correct client_id, client_secret, username or password; corrected ones are used at once"
        }
    }
}
