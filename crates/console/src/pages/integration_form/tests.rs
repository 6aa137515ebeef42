use serde_json::json;

use super::*;

fn form(locks: &str) -> IntegrationForm {
    IntegrationForm {
        active: "true".into(),
        ask_entries: "true".into(),
        site_uid: " NL1 ".into(),
        open_from_statuses: "paid, confirmed,".into(),
        minutes_before: "15".into(),
        minutes_after: "soon".into(),
        locks: locks.into(),
        ..IntegrationForm::default()
    }
}

#[test]
fn keys_that_the_form_does_not_have_stay_and_empty_ones_go() {
    let before = json!({"flow": "password", "check_in_status": "in", "locks": {"old": "x"}});
    let before = before.as_object().unwrap().clone();
    let document = form("room-1 = Room 1\r\n a=b = c \n").document(before).unwrap();
    let expected = json!({
        "flow": "password", "site_uid": "NL1", "open_from_statuses": ["paid", "confirmed"],
        "minutes_before": 15, "minutes_after": "soon", "active": true,
        "locks": {"room-1": "Room 1", "a=b": "c"},
    });
    assert_eq!(Value::Object(document), expected);
}

#[test]
fn lines_that_are_no_mapping_are_named() {
    for (locks, expected) in [
        ("room-1 = a\nroom-2", "line 2 of the mapping must be an object"),
        ("room-1 = a\n\nroom-1 = b", "line 3 of the mapping has an object"),
    ] {
        let problem = form(locks).document(Map::new()).unwrap_err();
        assert!(problem.detail().contains(expected), "{}", problem.detail());
    }
}

#[test]
fn shared_doors_and_further_settings_are_keys() {
    let form = IntegrationForm {
        shared_doors: "entrance = room-1, room-2\n".into(),
        warn_before: "2h".into(),
        ask_entries: String::new(),
        ..form("room-1 = a")
    };
    let document = form.document(Map::new()).unwrap();
    assert_eq!(document["shared_doors"], json!({"entrance": ["room-1", "room-2"]}));
    assert_eq!((&document["warn_before"], &document["ask_entries"]), (&json!("2h"), &json!(false)));
    assert!(!document.contains_key("confirm_openings") && !document.contains_key("otp_scheme"));
}
