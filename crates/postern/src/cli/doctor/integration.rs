//! An integration: its account, its site, and what it finds there.

use std::collections::HashMap;

use consumer::IntegrationSettings;
use futures_util::future;
use salto::{Activation, CallError, Cause, IqInfo, LockInfo, Site};

use super::access::Access;
use super::deadline::{Deadline, Late};
use super::doors::Doors;
use super::finding::{About, Finding};
use super::{advice, iqs, mapping, rights};
use crate::cli::words;

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

    let pause = About("salto.pause", id);
    match deadline.within(access.lookup.pause(id)).await {
        Ok(Ok(left)) if left.is_zero() => {}
        Ok(Ok(left)) => {
            let detail = format!("Salto wants no calls for another {} s", left.as_secs().max(1));
            return Err(stop(pause.warning(detail, "wait, and look again: nothing was asked now")));
        }
        Ok(Err(error)) => return Err(stop(pause.broken(error.to_string(), "see Redis' log"))),
        Err(late) => return Err(stop(pause.broken(late.to_string(), "see Redis' log"))),
    }

    let sign_in = About("salto.sign_in", id);
    if let Err(failed) = outcome(deadline.within(site.sign_in()).await) {
        return Err(stop(failed.finding(sign_in)));
    }
    let about = About("salto.site", id);
    let standing = match outcome(deadline.within(site.standing()).await) {
        Ok(standing) => standing,
        Err(Failed::Said(error)) if error.cause == Cause::SiteNotFound => {
            let finding = missing_site(&site, integration, deadline, about).await;
            findings.extend([sign_in.ok("signed in"), finding]);
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
    inside(access, (integration, &site), deadline, findings).await
}

/// The IQs and the locks, and what postern makes of them.
async fn inside(
    access: &Access<'_>,
    (integration, site): (&IntegrationSettings, &Site),
    deadline: Deadline,
    findings: &mut Vec<Finding>,
) -> Result<Doors, Stopped> {
    let id = integration.rules.id.as_str();
    let (listed, locks, stored, fares) = future::join4(
        deadline.within(site.iqs()),
        deadline.within(site.locks()),
        deadline.within(access.activations.list(id)),
        deadline.within(access.guard.standings(id)),
    )
    .await;
    let listed: Result<Vec<IqInfo>, Failed> = outcome(listed);
    let locks: Result<Vec<LockInfo>, Failed> = outcome(locks);
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

fn outcome<T>(answer: Result<Result<T, CallError>, Late>) -> Result<T, Failed> {
    answer.map_err(Failed::Late)?.map_err(Failed::Said)
}

impl Failed {
    fn is(&self, cause: Cause) -> bool {
        matches!(self, Self::Said(error) if error.cause == cause)
    }

    fn finding(self, about: About<'_>) -> Finding {
        match self {
            Self::Late(late) => about.broken(late.to_string(), advice::REACH),
            Self::Said(error) => {
                let again = match error.retry_after {
                    Some(wait) => format!("; not asked again for {} s", wait.as_secs().max(1)),
                    None => String::new(),
                };
                let (detail, next) = (format!("{error}{again}"), advice::after(error.cause));
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
    deadline: Deadline,
    about: About<'_>,
) -> Finding {
    let uid = &integration.account.site_uid;
    let seen = match outcome(deadline.within(site.sites()).await) {
        Ok(sites) if sites.is_empty() => "it sees no site at all".to_owned(),
        Ok(sites) => {
            let uids: Vec<String> = sites.into_iter().filter_map(|site| site.site_uid).collect();
            format!("it sees {}", uids.join(", "))
        }
        Err(_) => "which ones it sees is not known".to_owned(),
    };
    let detail = format!("the account has no site {uid}; {seen}");
    about.broken(detail, advice::after(Cause::SiteNotFound))
}
