//! One person at a time at an IQ: who comes second waits, and looks at what the first has done.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use consumer::OtpGuard;
use tokio::{
    task::JoinHandle,
    time::{Instant, interval, sleep},
};
use uuid::Uuid;

use crate::cli::{output::note, site_access::SiteAccess};

/// A turn ends so long after its holder was killed: by then no call of theirs is on its way any more.
const LASTS: Duration = Duration::from_secs(12);

/// How often its holder keeps it.
const KEPT_EVERY: Duration = Duration::from_secs(2);

/// How long to wait for somebody else's turn to end.
const WAIT: Duration = Duration::from_secs(30);

/// How often to ask whether it has.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// The turn at an IQ, kept until it is given back or the process ends.
pub(super) struct Turn {
    guard: Arc<OtpGuard>,
    integration_id: String,
    iq: String,
    who: Uuid,
    keeping: Option<JoinHandle<()>>,
}

impl Turn {
    /// Takes the turn, waiting a little for it.
    pub(super) async fn take(access: &SiteAccess<'_>, iq: &str) -> anyhow::Result<Self> {
        let mut turn = Self {
            guard: Arc::clone(&access.guard),
            integration_id: access.site.integration_id().to_owned(),
            iq: iq.to_owned(),
            who: Uuid::new_v4(),
            keeping: None,
        };
        turn.wait().await?;
        let Self { guard, integration_id, iq, who, .. } = &turn;
        let (guard, integration_id, iq, who) =
            (Arc::clone(guard), integration_id.clone(), iq.clone(), *who);
        turn.keeping = Some(tokio::spawn(async move {
            let mut ticks = interval(KEPT_EVERY);
            loop {
                ticks.tick().await;
                // Where Redis is away, the next attempt says so.
                let _ = guard
                    .take_operator_lease(
                        consumer::IqRef { integration_id: &integration_id, iq_id: &iq },
                        who,
                        LASTS,
                    )
                    .await;
            }
        }));
        Ok(turn)
    }

    async fn wait(&self) -> anyhow::Result<()> {
        let since = Instant::now();
        let mut told = false;
        while let Some(left) = self.ask().await? {
            if !told {
                note(
                    "somebody else is at work on this IQ, or was killed a moment ago: waiting up to \
                     30 seconds",
                );
                told = true;
            }
            if since.elapsed() > WAIT {
                bail!("somebody else is at work on this IQ; try again when they are done");
            }
            sleep(left.min(ASK_EVERY)).await;
        }
        Ok(())
    }

    async fn ask(&self) -> anyhow::Result<Option<Duration>> {
        let taken = self
            .guard
            .take_operator_lease(
                consumer::IqRef { integration_id: &self.integration_id, iq_id: &self.iq },
                self.who,
                LASTS,
            )
            .await;
        taken.context("the turn at the IQ cannot be taken")
    }

    /// Makes sure of it, after whatever may have stopped this process meanwhile.
    pub(super) async fn keep(&self) -> anyhow::Result<()> {
        match self.ask().await? {
            None => Ok(()),
            Some(_) => bail!("somebody else has begun to work on this IQ; run it again"),
        }
    }

    /// Gives it back.
    pub(super) async fn end(mut self) {
        if let Some(keeping) = self.keeping.take() {
            keeping.abort();
            // Else it could take the turn once more.
            let _ = keeping.await;
        }
        // Where this fails, it ends by itself.
        let _ = self
            .guard
            .end_operator_lease(
                consumer::IqRef { integration_id: &self.integration_id, iq_id: &self.iq },
                self.who,
            )
            .await;
    }
}
