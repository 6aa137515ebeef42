//! The owner of a claim: a delivery, and what it knows of its claims.

use uuid::Uuid;

use super::claim::{Claim, Reservation};

/// One delivery's claim on a request.
#[derive(Debug)]
pub(crate) struct ClaimOwner {
    pub(super) id: Uuid,
    pub(super) attempt: u32,
    /// The attempt of the last claim whose grant this worker has seen.
    pub(super) granted: u32,
    /// The commands in doubt that this claim left in the record, the reserved one included.
    pub(super) doubts: u32,
    pub(super) redelivered: bool,
}

impl ClaimOwner {
    /// `redelivered`: the broker took the message back from another consumer before.
    pub(crate) fn new(redelivered: bool) -> Self {
        Self { id: Uuid::new_v4(), attempt: 0, granted: 0, doubts: 0, redelivered }
    }

    /// Whether the broker took the message back from another consumer before.
    pub(crate) const fn is_redelivered(&self) -> bool {
        self.redelivered
    }

    /// Counts an attempt: before every claim, but not before repeating one whose reply was lost.
    pub(crate) fn next_attempt(&mut self) {
        self.attempt += 1;
    }

    /// Records that the claim of this attempt is granted: later results are about its command.
    pub(crate) fn grant(&mut self, claim: &Claim) {
        self.granted = self.attempt;
        let reserved = claim.reservation == Reservation::Reserved;
        self.doubts = claim.doubt.commands + u32::from(reserved);
    }
}
