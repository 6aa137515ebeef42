//! Doors that come with other objects, and doors that open after the end of a booking.

use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::FRONT_DOOR;
use serde_json::json;

#[tokio::test]
async fn an_entrance_opens_with_a_booked_room_until_minutes_after_its_end() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("minutes_after", 5);
    let shared = toml::toml! { front-door = ["room-12"] };
    setup.settings.set_integration("shared_doors", shared);
    let fixture = Fixture::new(setup, 1).await;
    let mut over = booking_status("B-over", "paid");
    over["data"]["ends_at"] = time(-60).into();
    let mut long_over = booking_status("B-long-over", "paid");
    long_over["data"]["ends_at"] = time(-360).into();
    let mut other = booking_status("B-other", "paid");
    other["data"]["object_ids"] = json!(["room-13"]);
    for status in [&over, &long_over, &other] {
        fixture.store_status(status).await;
    }
    let ask = async |booking: &str| {
        let mut request = open_request(&format!("R-{booking}"), booking);
        request["data"]["object_id"] = "front-door".into();
        let answer = fixture.answer_to(&request).await;
        (answer.kind.clone(), answer.text("reason").to_owned())
    };
    for booking in [BOOKING, "B-over"] {
        assert_eq!(ask(booking).await.0, "lock.opened.v1", "{booking}");
    }
    assert_eq!(ask("B-long-over").await.1, "too_late");
    assert_eq!(ask("B-other").await.1, "object_not_in_booking");
    let commands = fixture.setup.simulator.commands().await;
    assert_eq!(commands.len(), 2);
    assert!(commands.iter().all(|it| it.lock_id.as_deref() == Some(FRONT_DOOR)));
}
