//! Lists of the Connect API, and the form of its errors.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::fixtures::{FRONT_DOOR, IQ, SITE, TestSimulator, USER, otp};

#[tokio::test]
async fn sites_are_found_by_uuid_and_not_by_site_uid() {
    let simulator = TestSimulator::start().await;
    let site =
        json!({"id": SITE, "site_uid": "NL6254340082", "customer_reference": "acme utrecht"});
    assert_eq!(
        simulator.get("/v1.2/sites").await.json(),
        json!({"items": [site], "next_page_link": null, "count": null})
    );
    assert_eq!(simulator.get(&format!("/v1.2/sites/{SITE}")).await.json(), site);
    let (status, code, _) = simulator.get("/v1.2/sites/NL6254340082").await.error();
    assert_eq!((status, &*code), (400, "1100"));
    let (status, code, _) = simulator.get("/v1.2/sites/NL6254340082/locks").await.error();
    assert_eq!((status, &*code), (400, "1100"));
    let unknown = SITE.replace("aa", "ab");
    let (status, code, _) = simulator.get(&format!("/v1.2/sites/{unknown}")).await.error();
    assert_eq!((status, &*code), (404, "2202"));
}

#[tokio::test]
async fn an_account_sees_its_own_sites_only() {
    let simulator = TestSimulator::start().await;
    simulator.control("PATCH", &format!("accounts/{USER}"), json!({"sites": []})).await;
    assert_eq!(simulator.get("/v1.2/sites").await.json()["items"], json!([]));
    assert_eq!(simulator.get(&format!("/v1.2/sites/{SITE}")).await.status(), 404);
}

#[tokio::test]
async fn locks_come_in_pages_of_20_with_a_link_to_the_next() {
    let simulator = TestSimulator::start().await;
    let first = simulator.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 20);
    assert_eq!(first["count"], json!(null));
    let link = first["next_page_link"].as_str().unwrap();
    let path = link.strip_prefix(&format!("http://{}", simulator.address())).unwrap();
    let second = simulator.get(path).await.json();
    assert_eq!(second["items"].as_array().unwrap().len(), 5);
    assert_eq!(second["next_page_link"], Value::Null);
    let pages = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().unwrap());
    let ids: HashSet<&str> = pages.map(|lock| lock["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 25);
    assert_eq!(
        first["items"][0],
        json!({
            "id": FRONT_DOOR, "customer_reference": "front door", "online": true,
            "locked_state": "locked", "battery_level": "fresh", "lock_type": "wall_reader",
            "privacy_mode": false,
            "iq": {"id": IQ, "customer_reference": "iq-ground-floor", "is_online": true, "otp_enabled": true},
        })
    );
}

#[tokio::test]
async fn a_page_is_never_longer_than_20_and_bad_options_are_1101() {
    let simulator = TestSimulator::start().await;
    let page = simulator.get(&format!("/v1.2/sites/{SITE}/locks?$top=100")).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 20);
    let page = simulator.get(&format!("/v1.2/sites/{SITE}/locks?$top=3&$skip=24")).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    for option in ["$top=x", "$filter=online", "$orderby=name"] {
        let (status, code, _) =
            simulator.get(&format!("/v1.2/sites/{SITE}/locks?{option}")).await.error();
        assert_eq!((status, &*code), (400, "1101"), "{option}");
    }
}

#[tokio::test]
async fn lists_can_be_bare_arrays() {
    let simulator = TestSimulator::start().await;
    simulator.control("PATCH", "settings", json!({"list_form": "array"})).await;
    let locks = simulator.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
    assert_eq!(locks.as_array().unwrap().len(), 25);
    assert_eq!(simulator.get("/v1.2/sites").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn iqs_show_their_state() {
    let simulator = TestSimulator::start().await;
    simulator.change_iq(IQ, json!({"online": false, "restore_required": true})).await;
    let iqs = simulator.get(&format!("/v1.2/sites/{SITE}/iqs")).await.json();
    assert_eq!(
        iqs["items"][0],
        json!({
            "id": IQ, "customer_reference": "iq-ground-floor", "online": false, "state": "active",
            "otp_enabled": true, "restore_required": true, "time_zone": "Europe/Amsterdam",
            "data_sync_state": "not_synced",
        })
    );
    assert_eq!(iqs["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn me_shows_the_rights_of_the_account() {
    let simulator = TestSimulator::start().await;
    let path = format!("/v1.2/sites/{SITE}/me");
    let me = simulator.get(&path).await.json();
    let role = &me["roles"][0];
    assert_eq!(
        (&role["code"], &role["customer_reference"], &role["parent_id"], &role["is_hierarchical"]),
        (&json!("site_admin"), &json!("site admin"), &json!(null), &json!(false))
    );
    assert!(role["id"].is_string(), "{role}");
    assert_eq!((&me["remote_access"], &me["blocked"]), (&json!(true), &json!(false)));
    assert_eq!(me["subscription_state"], "subscribed");
    let change = json!({"remote_access": false, "suspended": true});
    simulator.control("PATCH", &format!("accounts/{USER}"), change).await;
    let me = simulator.get(&path).await.json();
    assert_eq!(
        (&me["remote_access"], &me["subscription_state"]),
        (&json!(false), &json!("suspended"))
    );
}

#[tokio::test]
async fn entries_are_in_v1_1_newest_first_and_paged() {
    let simulator = TestSimulator::activated().await;
    for _ in 0..21 {
        assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
    }
    // A rejected OTP leaves no row.
    simulator.open(FRONT_DOOR, "wrong").await;
    let path = format!("/v1.1/sites/{SITE}/entries?$top=20&$orderby=utc_date_time%20desc");
    let page = simulator.get(&path).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 20);
    assert!(page["continuation_token"].is_string(), "there is another row");
    assert_eq!(page.as_object().unwrap().len(), 2, "neither a link nor a count: {page}");
    let newest = &page["items"][0];
    assert_eq!(newest["event_category"], "lock_opened");
    assert_eq!((&newest["access_by"], &newest["lock_id"]), (&json!("remote"), &json!(FRONT_DOOR)));
    assert_eq!(newest["iq_id"], IQ);
    assert_eq!(newest["utc_date_time"].as_str().unwrap().len(), "2026-08-25T07:25:00Z".len());
    let all = simulator.get(&path.replace("top=20", "top=100")).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 21);
    assert_eq!(all["continuation_token"], json!(null));
    let oldest_first = format!("/v1.1/sites/{SITE}/entries?$orderby=utc_date_time&$top=1");
    assert_eq!(simulator.get(&oldest_first).await.json()["items"][0], all["items"][20]);
    assert_eq!(simulator.get(&path.replace("v1.1", "v1.2")).await.status(), 404);
    assert_eq!(simulator.get(&path.replace("desc", "sideways")).await.error().1, "1101");
}

#[tokio::test]
async fn the_form_of_error_codes_is_a_setting() {
    let simulator = TestSimulator::start().await;
    for (form, codes) in
        [("string", [json!("1100"), json!("1100")]), ("number", [json!(1100), json!(1100)])]
    {
        simulator.control("PATCH", "settings", json!({"error_codes": form})).await;
        for code in codes {
            assert_eq!(simulator.get("/v1.2/sites/x").await.json()["ErrorCode"], code, "{form}");
        }
    }
    simulator.control("PATCH", "settings", json!({"error_codes": "alternate"})).await;
    let one = simulator.get("/v1.2/sites/x").await.json()["ErrorCode"].is_string();
    let other = simulator.get("/v1.2/sites/x").await.json()["ErrorCode"].is_string();
    assert_ne!(one, other);
}

#[tokio::test]
async fn v2_paths_answer_problem_details() {
    let simulator = TestSimulator::start().await;
    let answer = simulator.get("/v2/sites").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
    assert_eq!(answer.json()["status"], 404);
}
