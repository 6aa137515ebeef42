//! Frames as a broker writes them, and the filter's answer.

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, parse_frame};
use amqp_stream::{FrameFilter, InvalidFrame, Limits};

pub(crate) const LIMITS: Limits = Limits { frame_max: 128 * 1024, body_max: 1024 * 1024 };

/// Flags of properties.
pub(crate) const CONTENT_TYPE: u16 = 1 << 15;
pub(crate) const HEADERS: u16 = 1 << 13;
pub(crate) const MESSAGE_ID: u16 = 1 << 7;

pub(crate) fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend(channel.to_be_bytes());
    frame.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    frame.push(0xCE);
    frame
}

pub(crate) fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

pub(crate) fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// A header with its value, type octet first.
pub(crate) fn entry(name: &[u8], value: &[u8]) -> Vec<u8> {
    [short(name).as_slice(), value].concat()
}

/// `depth` tables, one in the other.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    let mut value = b"t\x01".to_vec();
    for _ in 0..depth {
        value = [b"F".as_slice(), &long(&entry(b"a", &value))].concat();
    }
    value
}

pub(crate) fn deliver(routing_key: &[u8]) -> Vec<u8> {
    let payload = [
        &[0, 60, 0, 60][..],
        &short(b"tag"),
        &7_u64.to_be_bytes(),
        &[0],
        &short(b"postern.inbound"),
        &short(routing_key),
    ];
    frame(1, 1, &payload.concat())
}

pub(crate) fn content(body_size: u64, flags: u16, properties: &[u8]) -> Vec<u8> {
    let payload =
        [&[0, 60, 0, 0][..], &body_size.to_be_bytes(), &flags.to_be_bytes(), properties].concat();
    frame(2, 1, &payload)
}

/// A content header with these headers alone.
pub(crate) fn headers(entries: &[u8]) -> Vec<u8> {
    content(0, HEADERS, &long(entries))
}

/// What the filter makes of the bytes.
pub(crate) fn filtered(limits: Limits, bytes: &[u8]) -> Result<Vec<u8>, InvalidFrame> {
    let mut filter = FrameFilter::new(limits);
    filter.feed(bytes)?;
    let mut output = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match filter.take(&mut buffer) {
            0 => return Ok(output),
            count => output.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The frames that the client's parser reads; a panic where it refuses one.
pub(crate) fn parsed(mut bytes: &[u8]) -> Vec<AMQPFrame> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (rest, frame) = parse_frame(bytes).expect("the client reads it");
        frames.push(frame);
        bytes = rest;
    }
    frames
}

/// The only content header that comes out.
pub(crate) fn content_header(bytes: &[u8]) -> AMQPContentHeader {
    let frames = parsed(&filtered(LIMITS, bytes).unwrap());
    let headers = frames.into_iter().filter_map(|frame| match frame {
        AMQPFrame::Header(_, header) => Some(header),
        _ => None,
    });
    let mut headers: Vec<_> = headers.collect();
    assert_eq!(headers.len(), 1);
    headers.remove(0)
}
