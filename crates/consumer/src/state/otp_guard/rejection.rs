//! While the cause of a rejected OTP is looked for, all workers send one command at a time to the IQ: the claim of
//! the request whose OTP was rejected holds back all others until the cause is known and shared.

use std::time::Duration;

use deadpool_redis::redis::cmd;

use super::OtpGuard;
use crate::state::{
    iq_ref::IqRef,
    store::{StoreError, millis},
};

/// Where the worker dies meanwhile, the others go on after this time.
const LASTS: Duration = Duration::from_secs(10);

impl OtpGuard {
    /// Holds back further commands to the IQ.
    pub(crate) async fn begin_explanation(&self, iq: IqRef<'_>) -> Result<(), StoreError> {
        let key = self.keys.rejection(iq.integration_id, iq.iq_id);
        self.store.query(cmd("SET").arg(key).arg(1).arg("PX").arg(millis(LASTS))).await
    }

    /// The cause is known, and is shared with all workers.
    pub(crate) async fn end_explanation(&self, iq: IqRef<'_>) -> Result<(), StoreError> {
        let key = self.keys.rejection(iq.integration_id, iq.iq_id);
        self.store.query(cmd("DEL").arg(key)).await
    }
}
