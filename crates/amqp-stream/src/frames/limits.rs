//! The limits for what reaches the client.

/// The limits for what reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum size of a frame that the client negotiates, in bytes; 0 for none.
    pub frame_max: u32,
    /// The maximum size of a body, in bytes. A larger one is left out.
    pub body_max: u64,
}

impl Limits {
    /// Whether a frame of this size, with all of its parts, may reach the client.
    pub(super) fn fits(self, frame: usize) -> bool {
        self.frame_max == 0 || u32::try_from(frame).is_ok_and(|frame| frame <= self.frame_max)
    }
}
