//! Takes the stream apart into frames, whatever the pieces in which it comes, and repairs each.

use std::collections::HashMap;

use super::content_header::ContentHeader;
use super::head::{
    BODY, CONTENT_HEADER, FRAME_END, FrameHead, HEAD, HEARTBEAT, HEARTBEAT_FRAME, METHOD,
    PROTOCOL_HEADER,
};
use super::invalid_frame::InvalidFrame;
use super::limits::Limits;
use super::method::{self, Method};
use super::repairs::Repairs;

/// The part of a frame that is kept until the frame is complete. Bytes. RabbitMQ delivers headers that are
/// somewhat larger than its maximum of a frame, 128 KiB by default, because it adds its own.
const KEPT_MAX: usize = 256 * 1024;

/// Repairs the frames that a broker sends. What needs no repair passes byte for byte.
///
/// - Each byte of a short string that is not UTF-8 becomes `?`.
/// - A table or array of headers that is nested deeper than [`super::NESTING_MAX`], that cannot be read, or
///   with which the message would have more than [`super::VALUES_MAX`] values, becomes a byte array.
/// - Properties and headers that cannot be read, and the largest headers of a frame that is too large, are
///   left out.
/// - A body that is too large is left out as it arrives; heartbeats replace its frames, so that the client
///   knows that the broker is there.
///
/// A message that was changed has a header that says so ([`super::REPAIRED_HEADER`]); one without its body
/// has [`super::BODY_BYTES_HEADER`].
#[derive(Debug)]
pub struct FrameFilter {
    limits: Limits,
    open: bool,
    head: Vec<u8>,
    /// The beginning of the payload of a frame that is kept until it is complete.
    kept: Vec<u8>,
    step: Step,
    channels: HashMap<u16, ChannelState>,
    output: Vec<u8>,
    taken: usize,
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The head of a frame.
    Head,
    /// So many bytes of a frame that is kept until it is complete.
    Keep { head: FrameHead, left: usize },
    /// So many bytes that pass.
    Pass { left: usize },
    /// So many bytes of a body that is left out.
    LeaveOut { left: usize },
    /// No frames.
    Foreign,
}

/// What a channel is about to receive.
#[derive(Debug, Clone, Copy, Default)]
struct ChannelState {
    /// What was changed in the method of the message whose content header follows.
    repairs: Repairs,
    /// How much of a body is to be left out. Bytes.
    leave_out: u64,
}

impl FrameFilter {
    /// A filter for a new connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: false,
            head: Vec::with_capacity(HEAD),
            kept: Vec::new(),
            step: Step::Head,
            channels: HashMap::new(),
            output: Vec::new(),
            taken: 0,
        }
    }

    /// Whether the broker has opened the connection.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Takes in what the broker sent.
    ///
    /// # Errors
    /// Where the broker does not speak AMQP 0-9-1.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<(), InvalidFrame> {
        while !input.is_empty() {
            input = match self.step {
                Step::Head => self.read_head(input)?,
                Step::Keep { head, left } => self.keep(input, head, left)?,
                Step::Pass { left } => self.pass(input, left)?,
                Step::LeaveOut { left } => self.leave_out(input, left)?,
                Step::Foreign => {
                    self.output.extend_from_slice(input);
                    &[]
                }
            };
        }
        Ok(())
    }

    /// Moves repaired bytes into `buffer`. Their number.
    pub fn take(&mut self, buffer: &mut [u8]) -> usize {
        let ready = &self.output[self.taken..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.taken += count;
        if self.taken == self.output.len() {
            self.output.clear();
            self.taken = 0;
        }
        count
    }

    fn read_head<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], InvalidFrame> {
        let (now, later) = input.split_at(input.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(now);
        let [kind, rest @ ..] = self.head.as_slice() else { return Ok(later) };
        let kind = *kind;
        if kind == PROTOCOL_HEADER && !self.open {
            self.output.append(&mut self.head);
            self.step = Step::Foreign;
            return Ok(later);
        }
        if !matches!(kind, METHOD | CONTENT_HEADER | BODY | HEARTBEAT) {
            return Err(InvalidFrame::Type(kind));
        }
        let [a, b, c, d, e, f] = *rest else { return Ok(later) };
        let (channel, size) = (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f]));
        self.step = self.begin(FrameHead { kind, channel, size })?;
        Ok(later)
    }

    /// How the frame with this head is treated.
    fn begin(&mut self, head: FrameHead) -> Result<Step, InvalidFrame> {
        let left = usize::try_from(head.size).unwrap_or(usize::MAX).saturating_add(1);
        let kept = matches!(head.kind, METHOD | CONTENT_HEADER);
        if head.kind == METHOD && left > KEPT_MAX {
            return Err(InvalidFrame::MethodSize(head.size));
        }
        let step = match self.channels.get_mut(&head.channel) {
            _ if kept => Step::Keep { head, left },
            Some(channel) if head.kind == BODY && channel.leave_out > 0 => {
                channel.leave_out = channel.leave_out.saturating_sub(head.size.into());
                self.output.extend(HEARTBEAT_FRAME);
                Step::LeaveOut { left }
            }
            Some(_) | None => {
                self.output.extend_from_slice(&self.head);
                Step::Pass { left }
            }
        };
        self.head.clear();
        Ok(step)
    }

    fn pass<'a>(&mut self, input: &'a [u8], left: usize) -> Result<&'a [u8], InvalidFrame> {
        let (now, later) = input.split_at(input.len().min(left));
        self.output.extend_from_slice(now);
        let left = left - now.len();
        self.step = if left > 0 { Step::Pass { left } } else { ended(now)? };
        Ok(later)
    }

    fn leave_out<'a>(&mut self, input: &'a [u8], left: usize) -> Result<&'a [u8], InvalidFrame> {
        let (now, later) = input.split_at(input.len().min(left));
        let left = left - now.len();
        self.step = if left > 0 { Step::LeaveOut { left } } else { ended(now)? };
        Ok(later)
    }

    fn keep<'a>(
        &mut self,
        input: &'a [u8],
        head: FrameHead,
        left: usize,
    ) -> Result<&'a [u8], InvalidFrame> {
        let (now, later) = input.split_at(input.len().min(left));
        // The last byte is the end of the frame.
        let payload = now.len().min(left - 1);
        let room = KEPT_MAX.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&now[..payload.min(room)]);
        let left = left - now.len();
        if left > 0 {
            self.step = Step::Keep { head, left };
            return Ok(later);
        }
        self.step = ended(now)?;
        let mut payload = std::mem::take(&mut self.kept);
        self.repair(head, &mut payload)?;
        let size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.output.extend(FrameHead { size, ..head }.bytes());
        self.output.extend_from_slice(&payload);
        self.output.push(FRAME_END);
        payload.clear();
        self.kept = payload;
        Ok(later)
    }

    fn repair(&mut self, head: FrameHead, payload: &mut Vec<u8>) -> Result<(), InvalidFrame> {
        if head.kind == CONTENT_HEADER {
            let whole = u32::try_from(payload.len()) == Ok(head.size);
            let channel = self.channels.entry(head.channel).or_default();
            let repairs = std::mem::take(&mut channel.repairs);
            let header = ContentHeader { payload, whole, repairs };
            channel.leave_out = header.repair(self.limits)?.unwrap_or_default();
            return Ok(());
        }
        match method::repair(payload) {
            Method::Opened => self.open = true,
            Method::Tune(frame_max) => self.tune(frame_max),
            Method::Content { repaired } => {
                let repairs = Repairs { address: repaired, ..Repairs::default() };
                self.channels.insert(head.channel, ChannelState { repairs, leave_out: 0 });
            }
            Method::ChannelEnd => {
                self.channels.remove(&head.channel);
            }
            Method::Other => {}
        }
        Ok(())
    }

    /// The client takes the smaller maximum; 0 is none.
    fn tune(&mut self, broker: u32) {
        let client = self.limits.frame_max;
        let smaller = if client == 0 { broker } else { client.min(broker) };
        self.limits.frame_max = if broker == 0 { client } else { smaller };
    }
}

/// The step after a frame whose last bytes these are.
fn ended(last: &[u8]) -> Result<Step, InvalidFrame> {
    match last.last() {
        Some(&FRAME_END) => Ok(Step::Head),
        Some(&other) => Err(InvalidFrame::End(other)),
        None => Ok(Step::Head),
    }
}
