//! The pieces in which a stream comes make no difference.

use amqp_stream::FrameFilter;

use crate::frames::{
    CONTENT_TYPE, HEADERS, LIMITS, content, deliver, entry, filtered, frame, long, nested, short,
};

fn stream() -> Vec<u8> {
    let table = [entry(b"b\xfcro", &nested(70)), entry(b"u", b"?")].concat();
    let properties = [short(b"caf\xe9"), long(&table)].concat();
    [
        deliver(b"lock.\xe9"),
        content(3, CONTENT_TYPE | HEADERS, &properties),
        frame(3, 1, b"abc"),
        frame(8, 0, b""),
        deliver(b"key"),
        content(2 << 20, 0, b""),
        frame(3, 1, &[b'x'; 300]),
        frame(3, 1, b""),
    ]
    .concat()
}

fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, room: usize) -> Vec<u8> {
    let mut filter = FrameFilter::new(LIMITS);
    let (mut output, mut buffer) = (Vec::new(), vec![0; room]);
    for piece in pieces {
        filter.feed(piece).unwrap();
        loop {
            match filter.take(&mut buffer) {
                0 => break,
                count => output.extend_from_slice(&buffer[..count]),
            }
        }
    }
    output
}

#[test]
fn a_stream_split_at_any_byte_gives_the_same_frames() {
    let stream = stream();
    let whole = filtered(LIMITS, &stream).unwrap();
    for at in 0..=stream.len() {
        let (first, second) = stream.split_at(at);
        assert_eq!(in_pieces([first, second], 4096), whole, "split at {at}");
    }
    for size in 1..40 {
        assert_eq!(in_pieces(stream.chunks(size), 7), whole, "pieces of {size}");
    }
}
