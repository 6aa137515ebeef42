//! Bodies that are too large.

use amq_protocol::frame::AMQPFrame;
use amq_protocol::types::AMQPValue;

use crate::frames::{LIMITS, content, deliver, filtered, frame, parsed};

#[test]
fn a_body_that_is_too_large_is_left_out_and_the_next_message_is_whole() {
    let chunk = vec![b'x'; 128 * 1024 - 8];
    let (chunks, rest) = (9, 5_usize);
    let size = u64::try_from(chunk.len() * chunks + rest).unwrap();
    let mut stream = [deliver(b"key"), content(size, 0, b"")].concat();
    for _ in 0..chunks {
        stream.extend(frame(3, 1, &chunk));
        // Another channel of the same connection.
        stream.extend(frame(3, 2, b"other"));
    }
    stream.extend(frame(3, 1, &chunk[..rest]));
    stream.extend([deliver(b"next"), content(4, 0, b""), frame(3, 1, b"body")].concat());

    let output = filtered(LIMITS, &stream).unwrap();
    assert!(output.len() < 1024, "{}", output.len());
    let frames = parsed(&output);
    let count = |wanted: fn(&AMQPFrame) -> bool| frames.iter().filter(|it| wanted(it)).count();
    // The client must notice that the broker is there.
    assert_eq!(count(|it| matches!(it, AMQPFrame::Heartbeat)), chunks + 1);
    assert_eq!(count(|it| matches!(it, AMQPFrame::Body(2, _))), chunks);
    let AMQPFrame::Header(1, header) = &frames[1] else { panic!("{frames:?}") };
    assert_eq!(header.body_size, 0);
    let headers = header.properties.headers().as_ref().unwrap();
    let bytes = i64::try_from(size).unwrap();
    assert_eq!(headers.inner()["postern-body-bytes"], AMQPValue::LongLongInt(bytes));
    assert!(matches!(frames.last(), Some(AMQPFrame::Body(1, body)) if body == b"body"));
}

#[test]
fn a_body_of_the_largest_size_is_kept_and_a_size_that_no_body_has_is_not() {
    let largest = content(1024 * 1024, 0, b"");
    assert_eq!(filtered(LIMITS, &largest).unwrap(), largest);
    for size in [1024 * 1024 + 1, u64::MAX] {
        let frames = parsed(&filtered(LIMITS, &content(size, 0, b"")).unwrap());
        let AMQPFrame::Header(1, header) = &frames[0] else { panic!("{frames:?}") };
        assert_eq!(header.body_size, 0);
    }
}

#[test]
fn a_channel_that_is_closed_in_the_middle_of_a_body_begins_anew() {
    let close = frame(1, 1, &[0, 20, 0, 40, 1, 64, 0, 0, 0, 0, 0]);
    let body = frame(3, 1, b"body");
    let stream = [content(1 << 30, 0, b""), close, body.clone()].concat();
    assert!(filtered(LIMITS, &stream).unwrap().ends_with(&body));
}
