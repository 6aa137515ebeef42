//! Locks that stay open for a shorter time than `opening.resend_window`.

use std::{collections::BTreeSet, time::Duration};

use crate::text::first_few;
use consumer::LockAvailability;
use futures_util::{StreamExt, stream};
use rules::IntegrationRules;
use salto::Site;
use uuid::Uuid;

use super::{
    deadline::Deadline,
    finding::{Check, Finding},
};

/// Each lock costs a call, so that of a large mapping only the first locks are checked.
const MOST_LOCKS: usize = 50;

/// Calls at once.
const AT_ONCE: usize = 4;

/// The finding about mapped locks that are known to close sooner. What cannot be read is unknown, and no finding.
pub(super) async fn check(
    site: &Site,
    rules: &IntegrationRules,
    locks: &LockAvailability,
    resend_window: Duration,
    deadline: Deadline,
) -> Option<Finding> {
    let mapped = rules.locks.values().chain(&rules.default_lock);
    let locks: BTreeSet<Uuid> = mapped.filter_map(|lock| locks.resolve(lock).ok()).collect();
    let reading = stream::iter(locks.into_iter().take(MOST_LOCKS))
        .map(async |lock| {
            let open_time = deadline.within(site.read_open_time(lock)).await.ok()?.ok()??;
            (open_time < resend_window).then(|| format!("{lock} ({} s)", open_time.as_secs()))
        })
        .buffer_unordered(AT_ONCE);
    let mut short: Vec<String> = reading.filter_map(async |short| short).collect().await;
    short.sort_unstable();
    let short: Vec<&str> = short.iter().map(String::as_str).collect();
    (!short.is_empty()).then(|| {
        Check::new("mapping.open_time", &rules.id).warning(
            format!(
                "locks that stay open for a shorter time than opening.resend_window: {}; a command with an \
                 unknown outcome is not repeated there",
                first_few(&short)
            ),
            "let these locks stay open for longer in Salto, or shorten opening.resend_window",
        )
    })
}
