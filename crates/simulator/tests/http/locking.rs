//! The command that opens a door.

use serde_json::{Value, json};
use simulator::otp::OtpScheme;
use simulator::world::World;

use crate::fixtures::{
    FRONT_DOOR, IQ, PIN, ROOM_12, SECRET, SITE, TestSimulator, USER, otp, otp_in,
};

#[tokio::test]
async fn a_correct_command_opens_the_door_which_locks_itself_again() {
    let simulator = TestSimulator::activated().await;
    let before = chrono::Utc::now();
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), &answer.json()["locked_state"]), (200, &json!("unlocked")));

    let opening = &simulator.read("openings").await["openings"][0];
    for (member, value) in
        [("lock_id", ROOM_12), ("lock", "room-12"), ("iq_id", IQ), ("username", USER)]
    {
        assert_eq!(opening[member], value);
    }
    assert_eq!((&opening["seq"], &opening["access_by"]), (&json!(1), &json!("remote")));
    let command = simulator.last_command().await;
    assert_eq!((&command["verdict"], &command["status"]), (&json!("opened"), &json!(200)));
    assert_eq!(opening["command_seq"], command["seq"]);
    let received: chrono::DateTime<chrono::Utc> =
        command["received_at"].as_str().unwrap().parse().unwrap();
    assert!(
        before - chrono::TimeDelta::microseconds(1) <= received && received <= chrono::Utc::now()
    );
    assert_eq!(command["received_at"].as_str().unwrap().len(), "2026-01-01T00:00:00.000000Z".len());

    let state = async || {
        let locks = simulator.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
        let locks = locks["items"].as_array().unwrap().clone();
        locks.iter().find(|lock| lock["id"] == ROOM_12).unwrap()["locked_state"].clone()
    };
    assert_eq!(state().await, "unlocked");
    simulator.set_clock(6).await;
    assert_eq!(state().await, "locked");
}

#[tokio::test]
async fn privacy_mode_refuses_those_who_may_not_override_it() {
    let simulator = TestSimulator::activated().await;
    let privacy = json!({"privacy_mode": true});
    simulator.control("PATCH", &format!("locks/{ROOM_12}"), privacy).await;
    let (status, code, message) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code), (400, "3102"));
    assert!(message.ends_with("code: lock_in_privacy_mode"), "{message}");
    assert_eq!(simulator.last_command().await["verdict"], "privacy_mode");
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
    let right = json!({"override_privacy_mode": true});
    simulator.control("PATCH", &format!("accounts/{USER}"), right).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
}

#[tokio::test]
async fn only_a_correct_command_opens() {
    let simulator = TestSimulator::activated().await;
    let good = otp();
    for (lock, body, expected) in [
        (ROOM_12, json!({"locked_state": "unlocked"}), (404, "2202", "otp_missing")),
        (ROOM_12, json!({"locked_state": "unlocked", "otp": ""}), (404, "2202", "otp_missing")),
        (ROOM_12, json!({"locked_state": "unlocked", "otp": null}), (404, "2202", "otp_missing")),
        (ROOM_12, json!({"locked_state": "unlocked", "otp": 12345}), (400, "1101", "bad_request")),
        (ROOM_12, json!({"locked_state": "locked", "otp": good}), (400, "1101", "bad_request")),
        (ROOM_12, json!({"otp": good}), (400, "1101", "bad_request")),
        (ROOM_12, json!([]), (400, "1101", "bad_request")),
        (
            ROOM_12,
            json!({"locked_state": "unlocked", "otp": "wrong"}),
            (400, "3102", "otp_invalid"),
        ),
        ("room-12", json!({"locked_state": "unlocked", "otp": good}), (400, "1100", "id_invalid")),
        (SITE, json!({"locked_state": "unlocked", "otp": good}), (404, "2202", "not_found")),
    ] {
        let (status, code, _) = simulator.command(lock, body.clone()).await.error();
        assert_eq!((status, &*code), (expected.0, expected.1), "{lock} {body}");
        let command = simulator.last_command().await;
        assert_eq!((&command["verdict"], &command["status"]), (&json!(expected.2), &json!(status)));
    }
    let path = format!("/v1.2/sites/{SITE}/locks/{ROOM_12}/locking");
    let body = json!({"locked_state": "unlocked", "otp": good}).to_string();
    assert_eq!(simulator.call("PATCH", &path, "no-token", &body).await.status(), 401);
    assert_eq!(simulator.last_command().await["verdict"], "unauthorized");
    assert_eq!(simulator.last_command().await["username"], Value::Null);
    assert_eq!(simulator.call("POST", &path, "no-token", &body).await.status(), 405);
    assert_eq!(simulator.openings().await, 0);
    assert_eq!(simulator.open(ROOM_12, &good).await.status(), 200);
}

#[tokio::test]
async fn opening_needs_the_right_remote_access() {
    let simulator = TestSimulator::activated().await;
    simulator.control("PATCH", &format!("accounts/{USER}"), json!({"remote_access": false})).await;
    let (status, code, _) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code), (403, "2203"));
    assert_eq!(simulator.openings().await, 0);
}

#[tokio::test]
async fn an_otp_is_valid_for_3_minutes_by_the_simulators_clock() {
    let simulator = TestSimulator::activated().await;
    let otp = otp();
    for (offset, status) in [(-170, 200), (170, 200), (-190, 400), (190, 400)] {
        simulator.set_clock(offset).await;
        assert_eq!(simulator.open(ROOM_12, &otp).await.status(), status, "{offset}");
    }
    // A client that uses the time of the Date header can open.
    simulator.set_clock(1000).await;
    let date = simulator.get("/v1.2/sites").await.header("date").unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(&date).unwrap().timestamp();
    assert!((date - chrono::Utc::now().timestamp() - 1000).abs() <= 2);
    assert_eq!(simulator.open(ROOM_12, &otp_in(1000)).await.status(), 200);
}

#[tokio::test]
async fn the_scheme_is_set_per_iq() {
    let simulator = TestSimulator::activated().await;
    simulator.change_iq(IQ, json!({"otp_scheme": "totp-sha1"})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.error().2, "otp_invalid");
    let totp = OtpScheme::TotpSha1.otp_at(chrono::Utc::now().timestamp(), SECRET, PIN);
    assert_eq!(simulator.open(ROOM_12, &totp).await.status(), 200);
}

#[tokio::test]
async fn consecutive_rejected_otps_block_the_user_for_20_minutes() {
    let simulator = TestSimulator::activated().await;
    for _ in 0..7 {
        assert_eq!(simulator.open(ROOM_12, "wrong").await.error().2, "otp_invalid");
    }
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    // The count restarted. Rejections count at every lock of the IQ, and apart from those at the PIN.
    for _ in 0..7 {
        assert_eq!(simulator.open(FRONT_DOOR, "wrong").await.error().2, "otp_invalid");
        let answer = simulator.put_pin(IQ, json!({"otp": "wrong", "delta": "0000"})).await;
        assert_eq!(answer.error().2, "otp_invalid");
    }
    assert_eq!(simulator.open(ROOM_12, "wrong").await.error().2, "otp_invalid");
    let (status, code, message) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code, &*message), (403, "3102", "otp_blocked"));
    let answer = simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
    assert_eq!(answer.status(), 204, "PUT …/pin is not blocked");
    simulator.set_clock(19 * 60).await;
    assert_eq!(simulator.open(ROOM_12, &otp_in(19 * 60)).await.error().2, "otp_blocked");
    simulator.set_clock(20 * 60).await;
    assert_eq!(simulator.open(ROOM_12, &otp_in(20 * 60)).await.status(), 200);
}

#[tokio::test]
async fn the_limit_of_rejections_is_a_setting_and_a_block_can_be_ended() {
    let simulator = TestSimulator::activated().await;
    simulator.control("PATCH", "settings", json!({"otp_failures": 1})).await;
    assert_eq!(simulator.open(ROOM_12, "wrong").await.error().2, "otp_invalid");
    assert_eq!(simulator.open(ROOM_12, &otp()).await.error().2, "otp_blocked");
    simulator.change_iq(IQ, json!({"unblock": true})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
}

#[tokio::test]
async fn an_iq_that_is_offline_or_needs_a_restore_opens_nothing() {
    let simulator = TestSimulator::activated().await;
    simulator.change_iq(IQ, json!({"online": false})).await;
    let (status, code, message) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code, &*message), (400, "3102", "iq_offline"));
    simulator.change_iq(IQ, json!({"online": true, "restore_required": true})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.error().2, "otp_invalid");
    simulator.change_iq(IQ, json!({"restore_required": false})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    assert_eq!(simulator.openings().await, 1);
}

#[tokio::test]
async fn a_lock_can_be_offline_under_an_iq_that_is_online() {
    let simulator = TestSimulator::activated().await;
    simulator.control("PATCH", &format!("locks/{ROOM_12}"), json!({"online": false})).await;
    let (status, code, message) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code), (400, "3102"));
    assert_eq!(message, "Request execution failed with code: lock_offline");
    let locks = simulator.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
    let lock =
        locks["items"].as_array().unwrap().iter().find(|lock| lock["id"] == ROOM_12).unwrap();
    assert_eq!((&lock["online"], &lock["iq"]["is_online"]), (&json!(false), &json!(true)));
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
}

#[tokio::test]
async fn a_lock_without_an_iq_cannot_be_opened() {
    let mut world = World::builtin();
    world.sites[0].locks[0].iq_id = None;
    let simulator = TestSimulator::with(world).await;
    let lock = simulator.get(&format!("/v1.2/sites/{SITE}/locks")).await.json()["items"][0].take();
    assert_eq!((&lock["id"], &lock["iq"]), (&json!(FRONT_DOOR), &json!(null)));
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.error().0, 400);
    assert_eq!(simulator.last_command().await["verdict"], "lock_without_iq");
}

#[tokio::test]
async fn an_iq_without_otps_opens_without_otp_and_activation() {
    let simulator = TestSimulator::start().await;
    let iq = json!({"otp_enabled": false});
    simulator.change_iq(IQ, iq).await;
    assert_eq!(simulator.command(ROOM_12, json!({"locked_state": "unlocked"})).await.status(), 200);
    let iqs = simulator.get(&format!("/v1.2/sites/{SITE}/iqs")).await.json();
    assert_eq!(iqs["items"][0]["otp_enabled"], false);
    simulator.change_iq(IQ, json!({"online": false})).await;
    let refused = simulator.command(ROOM_12, json!({"locked_state": "unlocked"})).await;
    assert_eq!(refused.error().2, "iq_offline");
}

#[tokio::test]
async fn a_lock_is_found_at_its_own_site_only() {
    let mut world = World::builtin();
    let mut other = world.sites[0].clone();
    other.id = uuid::Uuid::nil();
    other.site_uid = "NL0".to_owned();
    other.iqs.clear();
    other.locks.clear();
    world.sites.push(other);
    let simulator = TestSimulator::with(world).await;
    simulator.change_iq(IQ, json!({"activated_for": [USER]})).await;
    let body = json!({"locked_state": "unlocked", "otp": otp()});
    let (status, code, _) =
        simulator.command_at(&uuid::Uuid::nil().to_string(), ROOM_12, body).await.error();
    assert_eq!((status, &*code), (404, "2202"));
    assert_eq!(simulator.openings().await, 0);
}

#[tokio::test]
async fn a_lock_that_is_moved_accepts_passwords_of_its_new_iq_alone() {
    let simulator = TestSimulator::activated().await;
    let other = simulator.read("world").await["sites"][0]["iqs"][1]["id"].clone();
    let moved = json!({"iq_id": other});
    simulator.control("PATCH", &format!("locks/{ROOM_12}"), moved).await;
    let (status, _, message) = simulator.open(ROOM_12, &otp()).await.error();
    assert_eq!(status, 400);
    assert!(message.ends_with("otp_invalid"), "{message}");
    let command = simulator.last_command().await;
    assert_eq!((&command["iq_id"], &command["verdict"]), (&other, &json!("otp_invalid")));
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
}

#[tokio::test]
async fn the_settings_of_a_lock_say_how_long_it_stays_open() {
    let simulator = TestSimulator::activated().await;
    let open_time = async |lock: &str| {
        let path = format!("/v1.2/sites/{SITE}/locks/{lock}/settings");
        simulator.get(&path).await.json()["open_time"].clone()
    };
    simulator.control("PATCH", "settings", json!({"open_seconds": 7})).await;
    simulator.control("PATCH", &format!("locks/{ROOM_12}"), json!({"open_seconds": 2})).await;
    assert_eq!((open_time(ROOM_12).await, open_time(FRONT_DOOR).await), (json!(2), json!(7)));
}
