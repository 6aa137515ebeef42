//! An exclusive lease of an IQ for one operation. The second one waits, and then sees the
//! changes of the first.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use consumer::{IqRef, OtpGuard};
use tokio::{
    task::JoinHandle,
    time::{Instant, interval, sleep},
};
use uuid::Uuid;

use crate::{Observer, connections::site_access::SiteAccess};

/// The time after which the lease of a killed command ends. No call of it is in progress by then.
const DURATION: Duration = Duration::from_secs(12);

/// The interval at which a lease is renewed.
const RENEW_INTERVAL: Duration = Duration::from_secs(2);

/// The longest time to wait for the end of another lease.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The interval between two attempts to acquire the lease.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The lease of an IQ, which is renewed until it is released or the process ends.
pub(super) struct IqLease {
    otp_guard: Arc<OtpGuard>,
    integration_id: String,
    iq: String,
    holder: Uuid,
    renewing: Option<JoinHandle<()>>,
}

impl IqLease {
    /// Acquires the lease; waits for it where another command has it.
    pub(super) async fn acquire(access: &SiteAccess<'_>, iq: &str) -> anyhow::Result<Self> {
        let mut lease = Self {
            otp_guard: Arc::clone(&access.otp_guard),
            integration_id: access.site.integration_id().to_owned(),
            iq: iq.to_owned(),
            holder: Uuid::new_v4(),
            renewing: None,
        };
        if let Err(error) = lease.wait(access.observer).await {
            lease.release().await;
            return Err(error);
        }
        let Self { otp_guard, integration_id, iq, holder, .. } = &lease;
        let (otp_guard, integration_id, iq, holder) =
            (Arc::clone(otp_guard), integration_id.clone(), iq.clone(), *holder);
        lease.renewing = Some(tokio::spawn(async move {
            let mut ticks = interval(RENEW_INTERVAL);
            loop {
                ticks.tick().await;
                // Where Redis is away, the next OTP attempt reports it.
                let _ = otp_guard
                    .take_operator_lease(
                        IqRef { integration_id: &integration_id, iq_id: &iq },
                        holder,
                        DURATION,
                    )
                    .await;
            }
        }));
        Ok(lease)
    }

    async fn wait(&self, observer: &dyn Observer) -> anyhow::Result<()> {
        let since = Instant::now();
        let mut noted = false;
        while let Some(left) = self.try_acquire().await? {
            if !noted {
                observer.note(
                    "another command uses this IQ, or was killed a moment ago: waiting up to 30 \
                     seconds",
                );
                noted = true;
            }
            if since.elapsed() > LONGEST_WAIT {
                bail!("another command uses this IQ; run this command again when it has ended");
            }
            sleep(left.min(RETRY_INTERVAL)).await;
        }
        Ok(())
    }

    /// Acquires or renews the lease; where another command has it, the time until it ends. Where Redis does
    /// not answer, the same holder asks once more: the lease may be acquired already.
    async fn try_acquire(&self) -> anyhow::Result<Option<Duration>> {
        let take = || self.otp_guard.take_operator_lease(self.iq(), self.holder, DURATION);
        let result = match take().await {
            Ok(left) => Ok(left),
            Err(_) => {
                sleep(RETRY_INTERVAL).await;
                take().await
            }
        };
        result.context("the IQ cannot be reserved for this command")
    }

    fn iq(&self) -> IqRef<'_> {
        IqRef { integration_id: &self.integration_id, iq_id: &self.iq }
    }

    /// Renews the lease, or fails where it was lost, for example while the process was suspended.
    pub(super) async fn renew(&self) -> anyhow::Result<()> {
        match self.try_acquire().await? {
            None => Ok(()),
            Some(_) => bail!("another command has started to use this IQ; run this command again"),
        }
    }

    /// Releases the lease.
    pub(super) async fn release(mut self) {
        if let Some(renewing) = self.renewing.take() {
            renewing.abort();
            // Otherwise it could renew the lease once more.
            let _ = renewing.await;
        }
        // Where this fails twice, the lease ends by itself.
        if self.otp_guard.end_operator_lease(self.iq(), self.holder).await.is_err() {
            let _ = self.otp_guard.end_operator_lease(self.iq(), self.holder).await;
        }
    }
}
