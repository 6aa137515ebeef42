//! The head of a frame.

/// Types of frames.
pub(super) const METHOD: u8 = 1;
pub(super) const CONTENT_HEADER: u8 = 2;
pub(super) const BODY: u8 = 3;
pub(super) const HEARTBEAT: u8 = 8;
/// The first byte of the protocol header, which a broker sends that speaks another version.
pub(super) const PROTOCOL_HEADER: u8 = b'A';

/// The last byte of each frame.
pub(super) const FRAME_END: u8 = 0xCE;

pub(super) const HEARTBEAT_FRAME: [u8; 8] = [HEARTBEAT, 0, 0, 0, 0, 0, 0, FRAME_END];

/// The size of the head: type, channel and size of the payload.
pub(super) const HEAD: usize = 7;

#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHead {
    pub(super) kind: u8,
    pub(super) channel: u16,
    /// The size of the payload.
    pub(super) size: u32,
}

impl FrameHead {
    pub(super) fn bytes(self) -> [u8; HEAD] {
        let [a, b] = self.channel.to_be_bytes();
        let [c, d, e, f] = self.size.to_be_bytes();
        [self.kind, a, b, c, d, e, f]
    }
}
