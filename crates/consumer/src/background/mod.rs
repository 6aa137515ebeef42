//! What runs beside the messages, for as long as the process or its session.

pub(crate) mod audit_retention;
pub(crate) mod confirmation_events;
pub(crate) mod early_warnings;
pub(crate) mod heartbeat;
pub(crate) mod iq_restore;
pub(crate) mod notices;
pub(crate) mod opening_confirmation;
pub(crate) mod record_expiry;
pub(crate) mod salto_clocks;
pub(crate) mod salto_events;
pub(crate) mod shown_states;
pub(crate) mod stored_integrations;
pub(crate) mod unrouted_keys;
