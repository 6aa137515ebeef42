//! An integration: its account, its site, and what it finds there.

use std::collections::HashMap;

use consumer::IntegrationSettings;
use futures_util::future;
use salto::{Activation, CallError, Cause, Site};

use super::access::Access;
use super::deadline::{Deadline, Late};
use super::doors::Doors;
use super::finding::{About, Finding};
use super::{iqs, mapping, rights};
use crate::cli::{advice, pause, site::seen, words};

/// What was found, and where it can be known, which doors can be opened.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    pub(super) doors: Option<Doors>,
}

/// Looks at one integration, as far as it goes.
pub(super) async fn check(
    access: &Access<'_>,
    integration: &IntegrationSettings,
    deadline: Deadline,
) -> Examined {
    let mut findings = Vec::new();
    let about = About("integration", &integration.rules.id);
    if !integration.rules.active {
        findings.push(about.note("switched off: it opens no door"));
    } else if let Some(how) = words::rehearses(integration.mode) {
        findings.push(about.note(format!("opens no door, as it {how}")));
    }
    let doors = examine(access, integration, deadline, &mut findings).await;
    Examined { findings, doors: doors.ok() }
}

/// Why the rest was not looked at is among the findings.
struct Stopped;

async fn examine(
    access: &Access<'_>,
    integration: &IntegrationSettings,
    deadline: Deadline,
    findings: &mut Vec<Finding>,
) -> Result<Doors, Stopped> {
    let id = integration.rules.id.as_str();
    let site = access.site(integration).ok_or(Stopped)?;
    let mut stop = |finding| {
        findings.push(finding);
        Stopped
    };

    let about = About("salto.pause", id);
    match deadline.within(access.lookup.pause(id)).await {
        Ok(Ok(left)) if left.is_zero() => {}
        Ok(Ok(left)) => {
            let next = "wait, and look again: nothing was asked now";
            return Err(stop(about.warning(pause::words(left), next)));
        }
        Ok(Err(error)) => return Err(stop(about.broken(error.to_string(), "see Redis' log"))),
        Err(late) => return Err(stop(about.broken(late.to_string(), "see Redis' log"))),
    }

    let salto = Asking { access, id, deadline };
    let sign_in = About("salto.sign_in", id);
    if let Err(failed) = salto.ask(site.sign_in()).await {
        return Err(stop(failed.finding(sign_in)));
    }
    let about = About("salto.site", id);
    let standing = match salto.ask(site.system_user()).await {
        Ok(standing) => standing,
        Err(Failed::Said(error)) if error.cause == Cause::SiteNotFound => {
            let finding = missing_site(&site, integration, &salto).await;
            findings
                .extend([sign_in.ok("signed in"), about.broken(finding, advice::after(&error))]);
            return Err(Stopped);
        }
        Err(failed) => {
            // A token of Salto's own making that it does not take is no sign-in.
            let no_token = failed.is(Cause::TokenRejected);
            findings.extend((!no_token).then(|| sign_in.ok("has a token")));
            findings.push(failed.finding(if no_token { sign_in } else { about }));
            return Err(Stopped);
        }
    };
    findings.push(sign_in.ok("signed in"));
    findings.push(about.ok(format!("{} found", integration.account.site_uid)));
    findings.push(rights::check(About("salto.rights", id), &standing));
    inside(&salto, (integration, &site), findings).await
}

/// The IQs and the locks, and what postern makes of them.
async fn inside(
    salto: &Asking<'_>,
    (integration, site): (&IntegrationSettings, &Site),
    findings: &mut Vec<Finding>,
) -> Result<Doors, Stopped> {
    let Asking { access, id, deadline } = *salto;
    let (listed, locks, stored, fares) = future::join4(
        salto.ask(site.iqs()),
        salto.ask(site.locks()),
        deadline.within(access.activations.list(id)),
        deadline.within(access.guard.statuses(id)),
    )
    .await;
    let activations: Option<HashMap<String, Activation>> = match stored {
        Ok(Ok(stored)) => Some(stored.into_iter().map(|(iq, it)| (iq, it.activation)).collect()),
        Ok(Err(error)) => {
            let next = "find the secrets.key that they were encrypted with, or forget and activate the IQ anew";
            findings.push(About("iq", id).broken(error.to_string(), next));
            None
        }
        Err(late) => {
            findings.push(About("iq", id).broken(late.to_string(), "see Redis' log"));
            None
        }
    };
    let fares = match fares {
        Ok(Ok(fares)) => fares,
        Ok(Err(error)) => {
            findings.push(About("iq", id).broken(error.to_string(), "see Redis' log"));
            return Err(Stopped);
        }
        Err(late) => {
            findings.push(About("iq", id).broken(late.to_string(), "see Redis' log"));
            return Err(Stopped);
        }
    };
    match (listed, locks, activations) {
        (Ok(listed), Ok(locks), Some(activations)) => {
            let doors = Doors::new(&locks, &listed, &activations, &fares);
            findings.extend(iqs::check(
                &integration.rules,
                &listed,
                (&activations, &fares),
                &doors,
            ));
            findings.extend(mapping::check(&integration.rules, &doors));
            Ok(doors)
        }
        (listed, locks, _) => {
            findings.extend(listed.err().map(|failed| failed.finding(About("iq", id))));
            findings.extend(locks.err().map(|failed| failed.finding(About("mapping", id))));
            Err(Stopped)
        }
    }
}

/// Why there is no answer.
enum Failed {
    Said(CallError),
    Late(Late),
}

/// Asks Salto in the time there is.
struct Asking<'a> {
    access: &'a Access<'a>,
    id: &'a str,
    deadline: Deadline,
}

impl Asking<'_> {
    /// What Salto answers. Where that is a wish for a pause, the workers heed it too.
    async fn ask<T>(&self, call: impl Future<Output = Result<T, CallError>>) -> Result<T, Failed> {
        let answer = self.deadline.within(call).await.map_err(Failed::Late)?;
        if let Err(error) = &answer {
            let sharing = pause::share(&self.access.lookup, self.id, error);
            let _ = self.deadline.within(sharing).await;
        }
        answer.map_err(Failed::Said)
    }
}

impl Failed {
    fn is(&self, cause: Cause) -> bool {
        matches!(self, Self::Said(error) if error.cause == cause)
    }

    fn finding(self, about: About<'_>) -> Finding {
        match self {
            Self::Late(late) => about.broken(late.to_string(), advice::REACH),
            Self::Said(error) => {
                let (detail, next) = (advice::detail(&error), advice::after(&error));
                if error.cause == Cause::RateLimited {
                    about.warning(detail, next)
                } else {
                    about.broken(detail, next)
                }
            }
        }
    }
}

async fn missing_site(
    site: &Site,
    integration: &IntegrationSettings,
    salto: &Asking<'_>,
) -> String {
    let sites = salto.ask(site.sites()).await.ok();
    let uid = &integration.account.site_uid;
    format!("the account has no site {uid}; {}", seen("it", sites.as_deref()))
}
