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
    let before = simulator.get(&list).await.json();
    let never = json!({"iq_id": IQ, "activated": false, "activation_date": null});
    assert_eq!((&before["items"][0], &before["count"]), (&never, &json!(2)));
    simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
    let after = simulator.get(&list).await.json();
    assert_eq!(after["items"][0]["activated"], true);
    assert!(after["items"][0]["activation_date"].is_string());
    assert_eq!(after["items"][1]["activated"], false);
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
async fn activation_needs_the_role_and_an_account_that_is_not_blocked() {
    let simulator = TestSimulator::start().await;
    let account = format!("accounts/{USER}");
    for change in
        [json!({"roles": ["pod_member"]}), json!({"roles": ["site_admin"], "blocked": true})]
    {
        simulator.control("PATCH", &account, change).await;
        let (status, code, _) = simulator.get(&path("secret")).await.error();
        assert_eq!((status, &*code), (403, "2203"));
        let answer = simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn without_send_email_the_pin_is_a_bad_parameter() {
    let simulator = TestSimulator::start().await;
    assert_eq!(simulator.get(&path("pin")).await.error().1, "1101");
    assert_eq!(simulator.read("mailbox").await["total"], 0);
}
