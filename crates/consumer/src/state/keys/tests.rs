//! The names of keys.

use super::*;

#[test]
fn ids_with_colons_do_not_share_keys() {
    let keys = Keys::new("postern:");
    assert_eq!(keys.booking("acme", "B-1"), "postern:booking:acme:B-1");
    assert_ne!(keys.booking("a:b", "c"), keys.booking("a", "b:c"));
    assert_ne!(keys.booking("a%3A", "c"), keys.booking("a:", "c"));
}

#[test]
fn a_booking_key_names_its_integration_and_booking() {
    let keys = Keys::new("p[1]*:");
    for (integration, booking) in [("acme", "B-1"), ("a:b", "100%: c\n"), ("é%3A", "")] {
        let key = keys.booking(integration, booking);
        assert_eq!(keys.read_booking(&key), Some((integration.into(), booking.into())));
    }
    assert_eq!(keys.read_booking("other:booking:a:b"), None);
    assert_eq!(keys.bookings(), "p\\[1\\]\\*:booking:*");
}
