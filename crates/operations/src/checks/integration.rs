//! An integration: its account, its site, and the IQs and locks of the site.

use std::{collections::HashMap, fmt::Display};

use crate::{
    connections::{
        advice, pause, shared_connections::SharedConnections, visible_sites::visible_sites,
    },
    iqs::merge,
    text::rehearsal_text,
};
use consumer::{IntegrationSettings, LockAvailability};
use futures_util::future;
use salto::{Activation, CallError, Cause, Site};

use super::{
    deadline::{Deadline, DeadlineExceeded},
    finding::{Check, Finding},
    iqs, mapping, open_times, rights,
};

/// The findings about an integration, and the state of its locks, where it is known.
pub struct IntegrationFindings {
    /// The findings in the order of the checks.
    pub findings: Vec<Finding>,
    /// The state of its locks.
    pub locks: Option<LockAvailability>,
}

/// Checks one integration, up to the first problem that prevents further checks.
pub async fn check_integration(
    connections: &SharedConnections<'_>,
    integration: &IntegrationSettings,
    deadline: Deadline,
) -> IntegrationFindings {
    let mut findings = Vec::new();
    let check = Check::new("integration", &integration.rules.id);
    if !integration.rules.active {
        findings.push(check.note("switched off: it opens no door"));
    } else if let Some(rehearses) = rehearsal_text(integration.mode) {
        findings.push(check.note(format!("opens no door, as it {rehearses}")));
    }
    let id = integration.rules.id.as_str();
    let checks = IntegrationCheck { connections, integration, id, deadline };
    let locks = checks.run(&mut findings).await;
    IntegrationFindings { findings, locks: locks.ok() }
}

/// Further checks are not possible; the reason is among the findings.
struct Stopped;

/// The check of one integration.
struct IntegrationCheck<'a> {
    connections: &'a SharedConnections<'a>,
    integration: &'a IntegrationSettings,
    id: &'a str,
    deadline: Deadline,
}

impl IntegrationCheck<'_> {
    async fn run(&self, findings: &mut Vec<Finding>) -> Result<LockAvailability, Stopped> {
        let site = self.connections.site(self.integration).ok_or(Stopped)?;
        if let Some(paused) = self.pause().await {
            findings.push(paused);
            return Err(Stopped);
        }
        self.account_and_rights(&site, findings).await?;
        self.iqs_and_mapping(&site, findings).await
    }

    /// The finding where Salto has asked for a pause, or it cannot be read.
    async fn pause(&self) -> Option<Finding> {
        let check = Check::new("salto.pause", self.id);
        let pause = self.deadline.within(self.connections.lookup.pause(self.id)).await;
        match stored(pause) {
            Ok(left) if left.is_zero() => None,
            Ok(left) => {
                let next = format!(
                    "wait, and run the command again: no call was sent. Where Salto did not mean it: \
                     postern pause lift --integration {}",
                    self.id
                );
                Some(check.warning(pause::text(left), next))
            }
            Err(error) => Some(check.broken(error, CHECK_REDIS_LOG)),
        }
    }

    /// The sign-in, the site, and the rights of the system user.
    async fn account_and_rights(
        &self,
        site: &Site,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Stopped> {
        let sign_in = Check::new("salto.sign_in", self.id);
        if let Err(failed) = self.call(site.sign_in()).await {
            findings.push(failed.finding(sign_in));
            return Err(Stopped);
        }
        let check = Check::new("salto.site", self.id);
        match self.call(site.system_user()).await {
            Ok(user) => {
                let site_uid = &self.integration.account.site_uid;
                findings.extend([sign_in.ok("signed in"), check.ok(format!("{site_uid} found"))]);
                findings.extend(rights::check(Check::new("salto.rights", self.id), &user));
                Ok(())
            }
            Err(CallFailure::Error(error)) if error.cause == Cause::SiteNotFound => {
                let detail = self.missing_site(site).await;
                findings.extend([
                    sign_in.ok("signed in"),
                    check.broken(detail, advice::for_call_error(&error)),
                ]);
                Err(Stopped)
            }
            Err(failed) => {
                // A token that Salto granted and then rejects is a problem of the sign-in.
                let token_rejected = failed.has_cause(Cause::TokenRejected);
                findings.extend((!token_rejected).then(|| sign_in.ok("has a token")));
                findings.push(failed.finding(if token_rejected { sign_in } else { check }));
                Err(Stopped)
            }
        }
    }

    async fn missing_site(&self, site: &Site) -> String {
        let sites = self.call(site.sites()).await.ok();
        let uid = &self.integration.account.site_uid;
        format!("the account has no site {uid}; {}", visible_sites("it", sites.as_deref()))
    }

    /// The IQs and the mapping, from Salto's lists and the stored records.
    async fn iqs_and_mapping(
        &self,
        site: &Site,
        findings: &mut Vec<Finding>,
    ) -> Result<LockAvailability, Stopped> {
        let Self { connections, id, deadline, .. } = self;
        let (iqs, locks, activated, activations, otp_statuses) = future::join5(
            self.call(site.iqs()),
            self.call(site.locks()),
            self.call(site.activated_iqs()),
            deadline.within(connections.activations.list(id)),
            deadline.within(connections.otp_guard.statuses(id)),
        )
        .await;
        let check = Check::new("iq", id);
        let activations: Option<HashMap<String, Activation>> = match activations {
            Ok(Ok(stored)) => {
                Some(stored.into_iter().map(|(iq, it)| (iq, it.activation)).collect())
            }
            Ok(Err(error)) => {
                let next = "find the secrets.key that they were encrypted with, or forget the IQ and activate it again";
                findings.push(check.broken(error.to_string(), next));
                None
            }
            Err(exceeded) => {
                findings.push(check.broken(exceeded.to_string(), CHECK_REDIS_LOG));
                None
            }
        };
        let otp_statuses = stored(otp_statuses).map_err(|error| {
            findings.push(check.broken(error, CHECK_REDIS_LOG));
            Stopped
        })?;
        match (iqs, locks, activations) {
            (Ok(iqs), Ok(locks), Some(activations)) => {
                let locks = LockAvailability::new(&locks, &iqs, &activations, &otp_statuses);
                // Without Salto's answer, the stored records alone say what is activated.
                let activated = activated.ok();
                let activated = activated.as_deref();
                let overviews = merge(iqs, activated, &activations, &otp_statuses);
                let rules = &self.integration.rules;
                findings.extend(iqs::check(rules, &overviews, &locks));
                findings.extend(mapping::check(rules, &locks));
                let window = connections.resend_window();
                findings.extend(open_times::check(site, rules, &locks, window, *deadline).await);
                Ok(locks)
            }
            (iqs, locks, _) => {
                findings.extend(iqs.err().map(|failed| failed.finding(check)));
                let mapping = Check::new("mapping", id);
                findings.extend(locks.err().map(|failed| failed.finding(mapping)));
                Err(Stopped)
            }
        }
    }

    /// Salto's answer before the deadline. A pause that Salto asks for is shared with the workers.
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallFailure> {
        let answer = self.deadline.within(call).await.map_err(CallFailure::DeadlineExceeded)?;
        if let Err(error) = &answer {
            let sharing =
                pause::share(&self.connections.lookup, self.id, error, self.connections.observer);
            let _ = self.deadline.within(sharing).await;
        }
        answer.map_err(CallFailure::Error)
    }
}

const CHECK_REDIS_LOG: &str = "check the log of Redis";

/// What was read from Redis, or the error as text.
fn stored<T, E: Display>(read: Result<Result<T, E>, DeadlineExceeded>) -> Result<T, String> {
    match read {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(exceeded) => Err(exceeded.to_string()),
    }
}

/// The reason why a call to Salto has no result.
enum CallFailure {
    Error(CallError),
    DeadlineExceeded(DeadlineExceeded),
}

impl CallFailure {
    fn has_cause(&self, cause: Cause) -> bool {
        matches!(self, Self::Error(error) if error.cause == cause)
    }

    fn finding(self, check: Check<'_>) -> Finding {
        match self {
            Self::DeadlineExceeded(exceeded) => {
                check.broken(exceeded.to_string(), advice::SALTO_UNREACHABLE)
            }
            Self::Error(error) => {
                let detail = advice::call_error_text(&error);
                let next = advice::for_call_error(&error);
                if error.cause == Cause::RateLimited {
                    check.warning(detail, next)
                } else {
                    check.broken(detail, next)
                }
            }
        }
    }
}
