//! One who listens to a stream of events: it ends with the console, and with the session.

use std::{pin::pin, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{access::caller::Caller, app::App};

/// How often it is checked that the caller may still listen, and that the connection is there.
pub(super) const CHECK_EVERY: Duration = Duration::from_secs(15);

/// One who listens.
pub(super) struct Listener {
    app: App,
    pub(super) caller: Caller,
    check: Interval,
}

impl Listener {
    pub(super) fn new(app: App, caller: Caller) -> Self {
        let mut check = interval(CHECK_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        check.reset();
        Self { app, caller, check }
    }

    /// Waits for what is to be sent next; none where the console stops, or the caller may no longer listen. However
    /// often there is something to send, the checks are made in their time.
    pub(super) async fn next<T>(&mut self, sent: impl Future<Output = T>) -> Option<T> {
        let mut sent = pin!(sent);
        loop {
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                _ = self.check.tick() => {
                    if !self.caller.is_signed_in(&self.app).await {
                        return None;
                    }
                }
                sent = &mut sent => return Some(sent),
            }
        }
    }
}
