//! Messages that RabbitMQ accepts and client libraries do not expect: tables and arrays nested deeply, and bytes that
//! are not UTF-8 where text belongs.

use super::super::raw_amqp::{RawConnection, RawMessage, long, short};
use super::super::trouble_phase::TroublePhase;

const DEPTH: usize = 4_000;
/// "é" in Latin-1.
const LATIN_1: &[u8] = b"caf\xe9";

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    let mut connection = RawConnection::open(phase.system.setup.vhost.url()).await;
    phase.trouble_begins().await;
    // Among the dead letters they are as after too many deliveries.
    for (exchange, routing_key) in [
        ("postern.dead-letter", "lock.open-request"),
        ("postern.inbound", "lock.open-request"),
        ("postern.inbound", "booking.status"),
    ] {
        for message in messages(exchange, routing_key) {
            connection.publish(&message).await;
        }
    }
    phase.trouble_ends().await;
}

fn messages(exchange: &'static str, routing_key: &str) -> [RawMessage; 7] {
    let usual = RawMessage {
        exchange,
        routing_key: routing_key.into(),
        content_type: b"application/cloudevents+json".into(),
        message_id: b"message".into(),
        headers: Vec::new(),
    };
    [
        RawMessage { headers: nested_tables(), ..usual.clone() },
        RawMessage { headers: nested_arrays(), ..usual.clone() },
        RawMessage { headers: field(LATIN_1, b'V', &[]), ..usual.clone() },
        RawMessage { headers: table(&field(LATIN_1, b'V', &[])), ..usual.clone() },
        RawMessage {
            routing_key: [routing_key.as_bytes(), b".", LATIN_1].concat(),
            ..usual.clone()
        },
        RawMessage { content_type: LATIN_1.into(), ..usual.clone() },
        RawMessage { message_id: LATIN_1.into(), ..usual },
    ]
}

/// The content of a table with tables nested in it.
fn nested_tables() -> Vec<u8> {
    (0..DEPTH).fold(Vec::new(), |inner, _| table(&inner))
}

/// The content of a table with arrays nested in it.
fn nested_arrays() -> Vec<u8> {
    let array = |inner: Vec<u8>, _| [b"A", &*long(&inner)].concat();
    [short(b"n"), (0..DEPTH).fold(Vec::new(), array)].concat()
}

/// The content of a table with another table in it.
fn table(inner: &[u8]) -> Vec<u8> {
    field(b"n", b'F', &long(inner))
}

fn field(name: &[u8], kind: u8, value: &[u8]) -> Vec<u8> {
    [&*short(name), &[kind], value].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_nested() {
        assert_eq!(table(&table(&[])), b"\x01nF\0\0\0\x07\x01nF\0\0\0\0");
        assert_eq!(nested_tables().len(), 7 * DEPTH);
        assert_eq!(nested_arrays().len(), 2 + 5 * DEPTH);
        assert!(nested_arrays().ends_with(b"A\0\0\0\x05A\0\0\0\0"));
    }
}
