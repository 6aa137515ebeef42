//! The worker: everything that handling a message may use.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use publisher::HeaderKey;
use rules::ResendLimits;
use salto::{
    ActivationStore, CallError, ClockStore, Http, OpenError, RedisTokenCache, SaltoClock, Site,
    TokenCache, seal::Sealer,
};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    audit::AuditWriter,
    broker::{places::Places, poison_guard::PoisonGuard, unrouted_keys::UnroutedKeys},
    integrations::{
        command_queue::CommandQueues,
        denied_logs::DeniedLogs,
        registry::{Integration, Integrations},
        stored::{ReadIntegration, StoredSettings},
    },
    operator::health::Health,
    settings::{OpeningSettings, Routing, Settings, claim_lease},
    state::{
        booking_starts::BookingStarts,
        bookings::Bookings,
        conditions::Conditions,
        confirmations::Confirmations,
        event_outbox::EventOutbox,
        heartbeat::Heartbeat,
        iq_checks::IqChecks,
        iq_ref::IqRef,
        keys::Keys,
        last_errors::LastErrors,
        ledger::{InFlightLimits, Ledger, LedgerSettings},
        moved_locks::MovedLocks,
        notice_outbox::NoticeOutbox,
        otp_guard::{OtpGuard, OtpSubject, OtpVerdict},
        pauses::{Pauses, requested_pause},
        risks_told::RisksTold,
        store::Store,
        stream_lease::StreamLeases,
        warning_checks::WarningChecks,
    },
};

/// Commands in doubt for one request at most, the first one included (docs/contract.md, invariant 3).
const DOUBTFUL_COMMANDS: u32 = 3;

/// How long a delivery waits in its place, all its waits together. A longer wait is parked.
pub(crate) const IN_PLACE: Duration = Duration::from_secs(1);

/// Beyond `command_timeout`, how long messages may take to be settled after SIGTERM.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// Everything that handling a message may use.
pub(crate) struct Worker {
    pub(crate) opening: OpeningSettings,
    pub(crate) routing: Routing,
    pub(crate) resend: ResendLimits,
    pub(crate) key_prefix: String,
    pub(crate) integrations: Integrations,
    pub(crate) stored_integrations: StoredSettings,
    pub(crate) denied_logs: DeniedLogs,
    pub(crate) iq_queues: CommandQueues,
    pub(crate) lock_queues: CommandQueues,
    pub(crate) poison_guard: PoisonGuard,
    pub(crate) places: Arc<Places>,
    pub(crate) unrouted_keys: Arc<UnroutedKeys>,
    pub(crate) bookings: Bookings,
    pub(crate) ledger: Ledger,
    pub(crate) store: Arc<Store>,
    pub(crate) heartbeat: Arc<Heartbeat>,
    pub(crate) pauses: Pauses,
    pub(crate) otp_guard: OtpGuard,
    pub(crate) notices: NoticeOutbox,
    pub(crate) booking_starts: BookingStarts,
    pub(crate) risks_told: RisksTold,
    pub(crate) conditions: Conditions,
    pub(crate) warning_checks: WarningChecks,
    pub(crate) confirmations: Confirmations,
    pub(crate) confirmed_events: EventOutbox,
    pub(crate) stream_leases: StreamLeases,
    pub(crate) iq_checks: IqChecks,
    pub(crate) last_errors: LastErrors,
    pub(crate) activations: ActivationStore,
    pub(crate) moved_locks: MovedLocks,
    pub(crate) clocks: ClockStore,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) header_key: Arc<HeaderKey>,
    pub(crate) audit: AuditWriter,
    pub(crate) health: Arc<Health>,
    pub(crate) tasks: TaskTracker,
    drained_by: OnceLock<Instant>,
}

impl Worker {
    /// There are no integrations before the first reload.
    pub(crate) fn new(
        settings: &Settings,
        store: &Arc<Store>,
        http: Http,
        health: Health,
        read: ReadIntegration,
    ) -> Self {
        let prefix = settings.redis.key_prefix.as_str();
        let keys = || Keys::new(prefix);
        let store = || Arc::clone(store);
        let sealer = settings.secrets.sealer();
        let cache: Arc<dyn TokenCache> =
            Arc::new(RedisTokenCache::new(store().pool(), prefix, Arc::clone(&sealer)));
        let (opening, retention) = (settings.opening, settings.retention);
        let limits = InFlightLimits::from(opening);
        let places = usize::from(settings.broker.prefetch);
        let heartbeat = Arc::new(Heartbeat::new(store(), &keys(), Uuid::new_v4()));
        let ledger_settings =
            LedgerSettings { lease: claim_lease(opening.command_timeout), limits, retention };
        Self {
            opening,
            routing: settings.broker.routing,
            resend: ResendLimits { window: opening.resend_window, commands: DOUBTFUL_COMMANDS },
            key_prefix: prefix.to_owned(),
            integrations: Integrations::new(http, cache),
            stored_integrations: StoredSettings::new(store(), settings, read),
            denied_logs: DeniedLogs::default(),
            iq_queues: CommandQueues::new(limits.per_iq, IN_PLACE),
            lock_queues: CommandQueues::new(1, IN_PLACE),
            poison_guard: PoisonGuard::default(),
            places: Arc::new(Places::new(places)),
            unrouted_keys: Arc::default(),
            bookings: Bookings::new(store(), keys(), retention.bookings),
            ledger: Ledger::new(store(), prefix, Arc::clone(&heartbeat), ledger_settings),
            store: store(),
            heartbeat,
            pauses: Pauses::new(store(), keys()),
            otp_guard: OtpGuard::new(store(), prefix, Arc::clone(&sealer)),
            notices: NoticeOutbox::new(store(), keys()),
            booking_starts: BookingStarts::new(store(), keys()),
            risks_told: RisksTold::new(store(), keys()),
            conditions: Conditions::new(store(), keys()),
            warning_checks: WarningChecks::new(store(), &keys()),
            confirmations: Confirmations::new(store(), keys()),
            confirmed_events: EventOutbox::new(store(), keys().confirmed_events()),
            stream_leases: StreamLeases::new(store(), keys()),
            iq_checks: IqChecks::new(store(), keys()),
            last_errors: LastErrors::new(store(), prefix),
            activations: ActivationStore::new(store().pool(), prefix, Arc::clone(&sealer)),
            moved_locks: MovedLocks::new(store(), keys()),
            clocks: ClockStore::new(store().pool(), prefix),
            sealer,
            header_key: settings.secrets.header_key(),
            audit: AuditWriter::new(settings.audit.clone(), places),
            health: Arc::new(health),
            tasks: TaskTracker::new(),
            drained_by: OnceLock::new(),
        }
    }

    /// The limits for repeating a command whose outcome is unknown: at a lock that is known to close sooner than
    /// `resend_window`, another command would open the door again (docs/contract.md, invariant 3).
    pub(crate) fn resend_limits(&self, site: &Site, lock: Option<Uuid>) -> ResendLimits {
        match lock.and_then(|lock| site.open_time(lock)) {
            Some(open_time) if open_time < self.resend.window => {
                ResendLimits { window: Duration::ZERO, ..self.resend }
            }
            Some(_) | None => self.resend,
        }
    }

    /// Records what Salto answered about an IQ's OTPs. A verdict that Redis does not take is lost; the
    /// next one says the same.
    pub(crate) async fn record_verdict(&self, subject: OtpSubject<'_>, verdict: OtpVerdict) {
        match self.otp_guard.record(subject, verdict).await {
            Ok(true) => self.notices.notify(),
            Ok(false) => {}
            Err(error) => {
                let IqRef { integration_id, iq_id } = subject.iq;
                tracing::warn!(integration_id, iq_id, ?verdict, %error, "OTP verdict not recorded");
            }
        }
    }

    /// Records a command that Salto did not accept, for operators. It runs beside the request, which
    /// does not wait for it.
    pub(crate) fn record_last_error(self: &Arc<Self>, iq: IqRef<'_>, error: &OpenError) {
        let (integration_id, iq_id) = (iq.integration_id.to_owned(), iq.iq_id.to_owned());
        let (worker, cause, detail) = (Arc::clone(self), error.cause, error.to_string());
        tokio::spawn(async move {
            let iq = IqRef { integration_id: &integration_id, iq_id: &iq_id };
            if let Err(error) = worker.last_errors.record(iq, cause, detail).await {
                tracing::debug!(integration_id, iq_id, %error, "last error not recorded");
            }
        });
    }

    /// Shares the locks that this worker has found at another IQ; where Redis does not answer, the next time.
    pub(crate) async fn share_moved_locks(&self, integration: &Integration) {
        let moved = integration.site.take_moved_locks();
        if moved.is_empty() {
            return;
        }
        let integration_id = integration.rules.id.as_str();
        for lock in &moved {
            let iq_id = lock.iq_id.as_deref();
            tracing::info!(integration_id, lock_id = %lock.lock_id, iq_id, "lock was moved to another IQ");
        }
        if let Err(error) = self.moved_locks.share(integration_id, &moved).await {
            tracing::warn!(integration_id, %error, "moved locks not shared yet");
            integration.site.put_back_moved_locks(moved);
        }
    }

    /// Shares that the clock offset was wrong: each other worker measures its own before its next command.
    pub(crate) async fn share_clock_correction(&self, clock: &SaltoClock) {
        if let Err(error) = self.clocks.share_correction(clock).await {
            let environment = clock.environment();
            tracing::warn!(environment, %error, "correction of the clock offset not shared");
        }
    }

    /// Shares the pause that Salto asked for in its answer to a call other than a command. Answers that
    /// pause.
    pub(crate) async fn share_pause(
        &self,
        integration_id: &str,
        error: &CallError,
    ) -> Option<Duration> {
        let pause = requested_pause(error)?;
        if let Err(error) = self.pauses.share(integration_id, pause).await {
            tracing::warn!(integration_id, %error, "Salto's pause could not be shared");
        }
        Some(pause)
    }

    /// Waits until no message is in flight: from the first call on, as long as a command and its
    /// settling may take.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        let limit = self.opening.command_timeout + SETTLE_TIME;
        let deadline = *self.drained_by.get_or_init(|| Instant::now() + limit);
        if tokio::time::timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(unsettled = self.tasks.len(), "stopping with unsettled messages");
        }
    }
}
