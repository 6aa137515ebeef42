//! What every operation on dead letters uses.

use config::BrokerConfig;

use crate::Observer;

/// The dead letters of a broker, and who is told of what happens meanwhile.
#[derive(Clone, Copy)]
pub struct DeadLetters<'a> {
    /// The broker; and the rest of the configuration, where results of replays are to be predicted.
    pub config: &'a BrokerConfig,
    /// Who is told of notes and of the progress.
    pub observer: &'a dyn Observer,
}
