//! Activation of an IQ.

use serde_json::json;
use simulator::otp::OtpScheme;

use crate::fixtures::{FRONT_DOOR, IQ, IQ_2, ROOM_24, SECRET, SITE, TestSimulator, USER, otp};

fn path(end: &str) -> String {
    format!("/v1.2/sites/{SITE}/iqs/{IQ}/{end}")
}

fn otp_with_pin(pin: &str) -> String {
    OtpScheme::SaltoKs.otp_at(chrono::Utc::now().timestamp(), SECRET, pin)
}

#[tokio::test]
async fn an_iq_is_activated_by_secret_mailed_pin_and_otp() {
    let simulator = TestSimulator::start().await;
    // Until the activation, the secret can be read again.
    for _ in 0..2 {
        let answer = simulator.get(&path("secret")).await;
        assert_eq!((answer.status(), answer.json()), (200, json!({"secret": SECRET})));
    }
    let answer = simulator.get(&path("pin?send_email=true")).await;
    assert_eq!((answer.status(), answer.body()), (204, &b""[..]));
    let mail = &simulator.read("mailbox").await["mails"][0];
    assert_eq!(
        (&mail["to"], &mail["iq_id"], &mail["pin"]),
        (&json!(USER), &json!(IQ), &json!("6596"))
    );

    // Before the activation, a correct OTP opens nothing.
    let (status, code, message) = simulator.open(FRONT_DOOR, &otp()).await.error();
    assert_eq!((status, &*code, &*message), (400, "3102", "pin_not_changed"));
    assert_eq!(simulator.openings().await, 0);

    let answer = simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
    assert_eq!((answer.status(), answer.body()), (204, &b""[..]));
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);

    let (status, code, message) = simulator.get(&path("secret")).await.error();
    assert_eq!((status, &*code), (403, "2203"));
    assert_eq!(message, "Cannot get first secret for an already activated Iq");
    let (status, _, message) = simulator.get(&path("pin?send_email=true")).await.error();
    assert_eq!((status, &*message), (403, "command_forbidden"));
    assert_eq!(simulator.read("mailbox").await["total"], 1);
}

#[tokio::test]
async fn activated_iqs_show_the_activation_date() {
    let simulator = TestSimulator::start().await;
    let list = format!("/v1.2/me/{SITE}/activated_iqs");
    assert_eq!(simulator.get(&list).await.json()["items"], json!([]), "no PIN was requested");
    simulator.get(&path("pin?send_email=true")).await;
    let requested = json!([{"iq_id": IQ, "activated": false, "activation_date": null}]);
    assert_eq!(simulator.get(&list).await.json()["items"], requested);
    simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
    let after = simulator.get(&list).await.json();
    assert_eq!(after["items"][0]["activated"], true);
    assert!(after["items"][0]["activation_date"].is_string());
    assert_eq!(after["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_delta_changes_the_pin_and_with_it_the_otp() {
    let simulator = TestSimulator::start().await;
    assert_eq!(simulator.put_pin(IQ, json!({"otp": otp(), "delta": "6995"})).await.status(), 204);
    assert_eq!(simulator.open(FRONT_DOOR, &otp_with_pin("6596")).await.error().2, "otp_invalid");
    assert_eq!(simulator.open(FRONT_DOOR, &otp_with_pin("0601")).await.status(), 200);
    // PUT pin with delta 0000 checks an OTP without opening a door, any number of times.
    let answer = simulator.put_pin(IQ, json!({"otp": otp_with_pin("0601"), "delta": "0000"})).await;
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn a_wrong_put_pin_activates_nothing() {
    let simulator = TestSimulator::start().await;
    for (body, status, code) in [
        (json!({"otp": "00000", "delta": "0000"}), 400, "3102"),
        (json!({"delta": "0000"}), 404, "2202"),
        (json!({"otp": otp()}), 400, "1101"),
        (json!({"otp": otp(), "delta": "000"}), 400, "1101"),
        (json!({"otp": otp(), "delta": 0}), 400, "1101"),
    ] {
        let (actual_status, actual_code, _) = simulator.put_pin(IQ, body.clone()).await.error();
        assert_eq!((actual_status, &*actual_code), (status, code), "{body}");
    }
    assert_eq!(simulator.get(&path("secret")).await.status(), 200);
}

#[tokio::test]
async fn an_activation_is_for_one_iq() {
    let simulator = TestSimulator::activated().await;
    let other =
        OtpScheme::SaltoKs.otp_at(chrono::Utc::now().timestamp(), "FirstFloorIq0002", "0042");
    assert_eq!(simulator.open(ROOM_24, &otp()).await.error().2, "otp_invalid");
    assert_eq!(simulator.open(ROOM_24, &other).await.error().2, "pin_not_changed");
    assert_eq!(simulator.put_pin(IQ_2, json!({"otp": other, "delta": "0000"})).await.status(), 204);
    assert_eq!(simulator.open(ROOM_24, &other).await.status(), 200);
}

#[tokio::test]
async fn the_pin_can_be_in_the_answer_instead_of_a_mail() {
    let simulator = TestSimulator::start().await;
    simulator.change_iq(IQ, json!({"pin_in_body": true})).await;
    let answer = simulator.get(&path("pin?send_email=true")).await;
    assert_eq!((answer.status(), answer.json()), (200, json!({"pin": "6596"})));
    assert_eq!(simulator.read("mailbox").await["total"], 0);
}

#[tokio::test]
async fn activation_needs_remote_access_and_an_account_that_is_neither_blocked_nor_suspended() {
    let simulator = TestSimulator::start().await;
    let account = format!("accounts/{USER}");
    let no_role = json!({"roles": []});
    simulator.control("PATCH", &account, no_role).await;
    assert_eq!(simulator.get(&path("secret")).await.status(), 200, "no role is required");
    for change in [
        json!({"remote_access": false}),
        json!({"remote_access": true, "suspended": true}),
        json!({"suspended": false, "blocked": true}),
    ] {
        simulator.control("PATCH", &account, change).await;
        let (status, code, _) = simulator.get(&path("secret")).await.error();
        assert_eq!((status, &*code), (403, "2203"));
        let answer = simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn the_pin_is_sent_by_mail_or_as_a_text_message_as_often_as_asked() {
    let simulator = TestSimulator::start().await;
    for query in ["pin", "pin?send_email=true", "pin?send_email=true"] {
        assert_eq!(simulator.get(&path(query)).await.status(), 204);
    }
    let mails = simulator.read("mailbox").await;
    let by: Vec<_> = mails["mails"].as_array().unwrap().iter().map(|mail| &mail["by"]).collect();
    assert_eq!(by, ["sms", "email", "email"]);
    simulator.change_iq(IQ, json!({"online": false})).await;
    assert_eq!(simulator.get(&path("pin")).await.error().2, "iq_offline");
}

#[tokio::test]
async fn secret_and_pin_belong_to_a_user_at_an_iq() {
    let simulator = TestSimulator::activated().await;
    let other = simulator.token_of("pod-member%40acme.example", "demo-password-2").await;
    let secret = simulator.get_as(&other, &path("secret")).await.json()["secret"].clone();
    assert_ne!(secret, SECRET);
    simulator.get_as(&other, &path("pin")).await;
    let pin = simulator.read("mailbox").await["mails"][0]["pin"].clone();
    let (secret, pin) = (secret.as_str().unwrap(), pin.as_str().unwrap());
    let otp_of_other = OtpScheme::SaltoKs.otp_at(chrono::Utc::now().timestamp(), secret, pin);
    // The one user's OTP is none of the other's.
    assert_eq!(simulator.open(FRONT_DOOR, &otp_of_other).await.error().2, "otp_invalid");
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
}

#[tokio::test]
async fn a_code_of_an_active_device_gives_the_secret_again() {
    let simulator = TestSimulator::activated().await;
    assert_eq!(simulator.get(&path("secret")).await.status(), 403);
    let answer = simulator.get(&path(&format!("secret?otp={}", otp()))).await;
    assert_eq!(answer.json(), json!({"secret": SECRET}));
    assert_eq!(simulator.get(&path("secret?otp=00000")).await.error().2, "otp_invalid");
}
