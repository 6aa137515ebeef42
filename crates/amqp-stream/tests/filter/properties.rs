//! Whatever well framed bytes come in, the client's parser reads what goes out.

use amq_protocol::frame::{AMQPFrame, parse_frame};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::frames::{LIMITS, content, deliver, entry, filtered, frame, long, short};

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..12), "[a-z]{0,12}".prop_map(String::into_bytes)]
}

/// A value of a header: valid, nested, or anything.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        vec(any::<u8>(), 0..12),
        text().prop_map(|text| [b"S".as_slice(), &long(&text)].concat()),
        any::<u64>().prop_map(|number| [b"T".as_slice(), &number.to_be_bytes()].concat()),
        any::<bool>().prop_map(|it| vec![b't', u8::from(it)]),
    ];
    leaf.prop_recursive(60, 200, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4)
                .prop_map(|values| [b"A".as_slice(), &long(&values.concat())].concat()),
            vec((text(), inner), 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries.iter().map(|(name, it)| entry(name, it)).collect();
                [b"F".as_slice(), &long(&entries.concat())].concat()
            }),
        ]
    })
}

/// Properties in any state of repair, with any flags.
fn properties() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let table = vec((text(), value()), 0..6).prop_map(|entries| {
        let entries: Vec<_> = entries.iter().map(|(name, it)| entry(name, it)).collect();
        long(&entries.concat())
    });
    let shorts = || vec(text().prop_map(|text| short(&text)), 0..6);
    let parts = (shorts(), table, vec(any::<u8>(), 0..12), shorts());
    let parts = parts.prop_map(|(before, table, numbers, after)| {
        [before.concat(), table, numbers, after.concat()].concat()
    });
    (any::<u16>(), parts)
}

proptest! {
    #[test]
    fn any_content_header_of_a_publisher_reaches_the_client((flags, properties) in properties()) {
        let output = filtered(LIMITS, &content(3, flags, &properties)).unwrap();
        let read = parse_frame(output.as_slice());
        prop_assert!(read.is_ok(), "{:?}", read);
        let (rest, parsed) = read.unwrap();
        prop_assert!(rest.is_empty());
        prop_assert!(matches!(parsed, AMQPFrame::Header(1, _)));
        // What was repaired needs no further repair.
        prop_assert_eq!(filtered(LIMITS, &output).unwrap(), output);
    }

    #[test]
    fn what_the_client_reads_already_passes_unchanged((flags, properties) in properties()) {
        let frame = content(3, flags, &properties);
        if parse_frame(frame.as_slice()).is_ok() {
            prop_assert_eq!(filtered(LIMITS, &frame).unwrap(), frame);
        }
    }

    #[test]
    fn any_routing_key_reaches_the_client(key in vec(any::<u8>(), 0..=255)) {
        let output = filtered(LIMITS, &deliver(&key)).unwrap();
        prop_assert_eq!(output.len(), deliver(&key).len());
        prop_assert!(parse_frame(output.as_slice()).is_ok());
    }

    #[test]
    fn any_payload_is_passed_or_refused_and_never_a_panic(
        kind in 0_u8..10,
        payload in vec(any::<u8>(), 0..64),
    ) {
        let _ = filtered(LIMITS, &frame(kind, 1, &payload));
    }
}
