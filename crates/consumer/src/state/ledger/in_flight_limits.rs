//! How many commands may be in flight.

use crate::settings::OpeningSettings;

/// Commands in flight at once, over all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlightLimits {
    /// To one IQ.
    pub(crate) per_iq: u32,
    /// For one integration.
    pub(crate) per_integration: u32,
}

impl From<OpeningSettings> for InFlightLimits {
    fn from(opening: OpeningSettings) -> Self {
        let OpeningSettings { in_flight_per_iq: per_iq, .. } = opening;
        Self { per_iq, per_integration: opening.in_flight_per_integration }
    }
}
