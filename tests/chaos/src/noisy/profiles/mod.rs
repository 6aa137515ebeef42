//! The troubles of the profiles. Each one prepares itself, waits for its beginning, and goes on until its end.

mod flood;
mod full_queue;
mod half_open_http;
mod huge_bodies;
mod malformed_frames;
mod redis_keys;
mod salto;
mod stuck_audit;
mod suspects;
mod unbound_listener;

use super::trouble_phase::TroublePhase;
use crate::worker_slot::WorkerOptions;
use clap::ValueEnum;

/// A trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// No queue takes the neighbour's answers
    UnboundListener,
    /// The queue for the neighbour's answers is full and refuses more
    FullQueue,
    /// One lock of the neighbour answers 503
    #[value(name = "lock-503")]
    Lock503,
    /// Token requests for the neighbour's account answer 500
    #[value(name = "account-500")]
    Account500,
    /// Commands to one IQ of the neighbour get no answer
    SickIq,
    /// Salto answers 8 s late for the neighbour's account
    SlowAccount,
    /// 150 requests of the neighbour that have been delivered many times
    Suspects,
    /// The workers' standard output, which has the audit, is not read
    StuckAudit,
    /// 8 messages of 100 MB, or of what RabbitMQ permits
    HugeBodies,
    /// Headers nested 4,000 deep, and bytes that are not UTF-8 in every short string of a message
    MalformedFrames,
    /// 1,200 half-sent HTTP requests at the port for health and metrics
    HalfOpenHttp,
    /// The neighbour has 50 times the load
    Flood,
    /// Large bookings for integrations that are not configured
    RedisKeys,
}

/// The descriptors that a process usually may have open.
const DESCRIPTORS: u32 = 1024;

impl Profile {
    /// All profiles, in the order in which they run.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnboundListener => "unbound-listener",
            Self::FullQueue => "full-queue",
            Self::Lock503 => "lock-503",
            Self::Account500 => "account-500",
            Self::SickIq => "sick-iq",
            Self::SlowAccount => "slow-account",
            Self::Suspects => "suspects",
            Self::StuckAudit => "stuck-audit",
            Self::HugeBodies => "huge-bodies",
            Self::MalformedFrames => "malformed-frames",
            Self::HalfOpenHttp => "half-open-http",
            Self::Flood => "flood",
            Self::RedisKeys => "redis-keys",
        }
    }

    /// The settings of the workers that it needs.
    pub(super) fn settings(self) -> Option<(&'static str, &'static str)> {
        (self == Self::StuckAudit).then_some(("audit.to", "stdout"))
    }

    /// How its workers differ from the usual ones.
    pub(super) fn worker_options(self) -> WorkerOptions {
        WorkerOptions {
            piped_output: self == Self::StuckAudit,
            descriptors: (self == Self::HalfOpenHttp).then_some(DESCRIPTORS),
        }
    }

    /// Causes the trouble.
    pub(super) async fn cause(self, phase: &TroublePhase<'_>) {
        match self {
            Self::UnboundListener => unbound_listener::cause(phase).await,
            Self::FullQueue => full_queue::cause(phase).await,
            Self::Lock503 => salto::lock_503(phase).await,
            Self::Account500 => salto::account_500(phase).await,
            Self::SickIq => salto::sick_iq(phase).await,
            Self::SlowAccount => salto::slow_account(phase).await,
            Self::Suspects => suspects::cause(phase).await,
            Self::StuckAudit => stuck_audit::cause(phase).await,
            Self::HugeBodies => huge_bodies::cause(phase).await,
            Self::MalformedFrames => malformed_frames::cause(phase).await,
            Self::HalfOpenHttp => half_open_http::cause(phase).await,
            Self::Flood => flood::cause(phase).await,
            Self::RedisKeys => redis_keys::cause(phase).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_parses_by_its_name() {
        assert!(!Profile::all().is_empty());
        for profile in Profile::all() {
            assert_eq!(Profile::from_str(profile.name(), false), Ok(*profile));
        }
        assert!(Profile::from_str("weather", false).is_err());
    }
}
