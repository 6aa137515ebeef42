use serde_json::{Value, json};
use simulator::otp::OtpScheme;
use simulator::world::World;

use crate::rig::{FRONT_DOOR, IQ, KEY, ROOM_12, Rig, SITE, USER, otp, otp_in};

#[tokio::test]
async fn a_right_command_opens_the_door_and_it_locks_itself_again() {
    let rig = Rig::activated().await;
    let before = chrono::Utc::now();
    let answer = rig.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), &answer.json()["locked_state"]), (200, &json!("unlocked")));

    let opening = &rig.read("openings").await["openings"][0];
    for (member, value) in
        [("lock_id", ROOM_12), ("lock", "room-12"), ("iq_id", IQ), ("username", USER)]
    {
        assert_eq!(opening[member], value);
    }
    assert_eq!((&opening["seq"], &opening["access_by"]), (&json!(1), &json!("remote")));
    let command = rig.last_command().await;
    assert_eq!((&command["verdict"], &command["status"]), (&json!("opened"), &json!(200)));
    assert_eq!(opening["command_seq"], command["seq"]);
    let received: chrono::DateTime<chrono::Utc> =
        command["received_at"].as_str().unwrap().parse().unwrap();
    assert!(
        before - chrono::TimeDelta::microseconds(1) <= received && received <= chrono::Utc::now()
    );
    assert_eq!(command["received_at"].as_str().unwrap().len(), "2026-01-01T00:00:00.000000Z".len());

    let state = async || {
        let locks = rig.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
        let locks = locks["items"].as_array().unwrap().clone();
        locks.iter().find(|lock| lock["id"] == ROOM_12).unwrap()["locked_state"].clone()
    };
    assert_eq!(state().await, "unlocked");
    rig.set_clock(6).await;
    assert_eq!(state().await, "locked");
}

#[tokio::test]
async fn nothing_but_a_right_command_opens() {
    let rig = Rig::activated().await;
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
        (SITE, json!({"locked_state": "unlocked", "otp": good}), (404, "1000", "not_found")),
    ] {
        let (status, code, _) = rig.command(lock, body.clone()).await.error();
        assert_eq!((status, &*code), (expected.0, expected.1), "{lock} {body}");
        let command = rig.last_command().await;
        assert_eq!((&command["verdict"], &command["status"]), (&json!(expected.2), &json!(status)));
    }
    let path = format!("/v1.2/sites/{SITE}/locks/{ROOM_12}/locking");
    let body = json!({"locked_state": "unlocked", "otp": good}).to_string();
    assert_eq!(rig.call(("PATCH", &path), "no-token", &body).await.status(), 401);
    assert_eq!(rig.last_command().await["verdict"], "unauthorized");
    assert_eq!(rig.last_command().await["username"], Value::Null);
    assert_eq!(rig.call(("POST", &path), "no-token", &body).await.status(), 405);
    assert_eq!(rig.openings().await, 0);
    assert_eq!(rig.open(ROOM_12, &good).await.status(), 200);
}

#[tokio::test]
async fn the_right_to_open_from_afar_is_needed() {
    let rig = Rig::activated().await;
    rig.control("PATCH", &format!("accounts/{USER}"), json!({"remote_access": false})).await;
    let (status, code, _) = rig.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code), (403, "2203"));
    assert_eq!(rig.openings().await, 0);
}

#[tokio::test]
async fn an_otp_is_good_for_3_minutes_by_the_simulators_clock() {
    let rig = Rig::activated().await;
    let made = otp();
    for (offset, status) in [(-170, 200), (170, 200), (-190, 400), (190, 400)] {
        rig.set_clock(offset).await;
        assert_eq!(rig.open(ROOM_12, &made).await.status(), status, "{offset}");
    }
    // Whoever follows the Date header opens all the same.
    rig.set_clock(1000).await;
    let date = rig.get("/v1.2/sites").await.header("date").unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(&date).unwrap().timestamp();
    assert!((date - chrono::Utc::now().timestamp() - 1000).abs() <= 2);
    assert_eq!(rig.open(ROOM_12, &otp_in(1000)).await.status(), 200);
}

#[tokio::test]
async fn the_other_scheme_is_set_per_iq() {
    let rig = Rig::activated().await;
    rig.change_iq(IQ, json!({"otp_scheme": "totp-sha1"})).await;
    assert_eq!(rig.open(ROOM_12, &otp()).await.error().2, "otp_invalid");
    let totp = OtpScheme::TotpSha1.otp_at(chrono::Utc::now().timestamp(), KEY.0, KEY.1);
    assert_eq!(rig.open(ROOM_12, &totp).await.status(), 200);
}

#[tokio::test]
async fn rejected_otps_in_a_row_block_the_user_for_20_minutes() {
    let rig = Rig::activated().await;
    for _ in 0..7 {
        assert_eq!(rig.open(ROOM_12, "wrong").await.error().2, "otp_invalid");
    }
    assert_eq!(rig.open(ROOM_12, &otp()).await.status(), 200);
    // The count began anew; wrong ones count at every door, and at the PIN.
    for _ in 0..7 {
        assert_eq!(rig.open(FRONT_DOOR, "wrong").await.error().2, "otp_invalid");
    }
    let answer = rig.put_pin(IQ, json!({"otp": "wrong", "delta": "0000"})).await;
    assert_eq!(answer.error().2, "otp_invalid");
    let (status, code, message) = rig.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code, &*message), (403, "3102", "otp_blocked"));
    rig.set_clock(19 * 60).await;
    assert_eq!(rig.open(ROOM_12, &otp_in(19 * 60)).await.error().2, "otp_blocked");
    rig.set_clock(20 * 60).await;
    assert_eq!(rig.open(ROOM_12, &otp_in(20 * 60)).await.status(), 200);
}

#[tokio::test]
async fn how_many_rejections_block_is_a_setting_and_a_block_can_be_lifted() {
    let rig = Rig::activated().await;
    rig.control("PATCH", "settings", json!({"otp_failures": 1})).await;
    assert_eq!(rig.open(ROOM_12, "wrong").await.error().2, "otp_invalid");
    assert_eq!(rig.open(ROOM_12, &otp()).await.error().2, "otp_blocked");
    rig.change_iq(IQ, json!({"unblock": true})).await;
    assert_eq!(rig.open(ROOM_12, &otp()).await.status(), 200);
}

#[tokio::test]
async fn an_iq_that_is_offline_or_to_be_restored_opens_nothing() {
    let rig = Rig::activated().await;
    rig.change_iq(IQ, json!({"online": false})).await;
    let (status, code, message) = rig.open(ROOM_12, &otp()).await.error();
    assert_eq!((status, &*code, &*message), (400, "3102", "iq_offline"));
    rig.change_iq(IQ, json!({"online": true, "restore_required": true})).await;
    assert_eq!(rig.open(ROOM_12, &otp()).await.error().2, "otp_invalid");
    rig.change_iq(IQ, json!({"restore_required": false})).await;
    assert_eq!(rig.open(ROOM_12, &otp()).await.status(), 200);
    assert_eq!(rig.openings().await, 1);
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
    let rig = Rig::with(world).await;
    rig.change_iq(IQ, json!({"activated_for": [USER]})).await;
    let body = json!({"locked_state": "unlocked", "otp": otp()});
    let (status, code, _) =
        rig.command_at(&uuid::Uuid::nil().to_string(), ROOM_12, body).await.error();
    assert_eq!((status, &*code), (404, "1000"));
    assert_eq!(rig.openings().await, 0);
}
