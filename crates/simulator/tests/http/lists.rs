use std::collections::HashSet;

use serde_json::{Value, json};

use crate::rig::{FRONT_DOOR, IQ, Rig, SITE, USER, otp};

#[tokio::test]
async fn sites_are_found_by_uuid_and_not_by_uid() {
    let rig = Rig::start().await;
    let site =
        json!({"id": SITE, "site_uid": "NL6254340082", "customer_reference": "acme utrecht"});
    assert_eq!(
        rig.get("/v1.2/sites").await.json(),
        json!({"items": [site], "next_page_link": null, "count": 1})
    );
    assert_eq!(rig.get(&format!("/v1.2/sites/{SITE}")).await.json(), site);
    let (status, code, _) = rig.get("/v1.2/sites/NL6254340082").await.error();
    assert_eq!((status, &*code), (400, "1100"));
    let (status, code, _) = rig.get("/v1.2/sites/NL6254340082/locks").await.error();
    assert_eq!((status, &*code), (400, "1100"));
    let unknown = SITE.replace("aa", "ab");
    let (status, code, _) = rig.get(&format!("/v1.2/sites/{unknown}")).await.error();
    assert_eq!((status, &*code), (404, "1000"));
}

#[tokio::test]
async fn an_account_sees_its_own_sites_only() {
    let rig = Rig::start().await;
    rig.control("PATCH", &format!("accounts/{USER}"), json!({"sites": []})).await;
    assert_eq!(rig.get("/v1.2/sites").await.json()["items"], json!([]));
    assert_eq!(rig.get(&format!("/v1.2/sites/{SITE}")).await.status(), 404);
}

#[tokio::test]
async fn locks_come_in_pages_of_20_that_link_on() {
    let rig = Rig::start().await;
    let first = rig.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 20);
    assert_eq!(first["count"], 25);
    let link = first["next_page_link"].as_str().unwrap();
    let path = link.strip_prefix(&format!("http://{}", rig.address())).unwrap();
    let second = rig.get(path).await.json();
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
    let rig = Rig::start().await;
    let page = rig.get(&format!("/v1.2/sites/{SITE}/locks?$top=100")).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 20);
    let page = rig.get(&format!("/v1.2/sites/{SITE}/locks?$top=3&$skip=24")).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    for option in ["$top=x", "$filter=online", "$orderby=name"] {
        let (status, code, _) =
            rig.get(&format!("/v1.2/sites/{SITE}/locks?{option}")).await.error();
        assert_eq!((status, &*code), (400, "1101"), "{option}");
    }
}

#[tokio::test]
async fn lists_can_be_bare_arrays() {
    let rig = Rig::start().await;
    rig.control("PATCH", "settings", json!({"list_form": "array"})).await;
    let locks = rig.get(&format!("/v1.2/sites/{SITE}/locks")).await.json();
    assert_eq!(locks.as_array().unwrap().len(), 25);
    assert_eq!(rig.get("/v1.2/sites").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn iqs_tell_their_state() {
    let rig = Rig::start().await;
    rig.change_iq(IQ, json!({"online": false, "restore_required": true})).await;
    let iqs = rig.get(&format!("/v1.2/sites/{SITE}/iqs")).await.json();
    assert_eq!(
        iqs["items"][0],
        json!({
            "id": IQ, "customer_reference": "iq-ground-floor", "online": false, "state": "offline",
            "otp_enabled": true, "restore_required": true, "time_zone": "Europe/Amsterdam",
            "data_sync_state": "not_synced",
        })
    );
    assert_eq!(iqs["count"], 2);
}

#[tokio::test]
async fn me_tells_the_accounts_rights() {
    let rig = Rig::start().await;
    let path = format!("/v1.2/sites/{SITE}/me");
    let expected = json!({
        "roles": ["site_admin"], "remote_access": true, "blocked": false, "subscription_state": "active",
    });
    assert_eq!(rig.get(&path).await.json(), expected);
    rig.control("PATCH", &format!("accounts/{USER}"), json!({"remote_access": false})).await;
    assert_eq!(rig.get(&path).await.json()["remote_access"], false);
}

#[tokio::test]
async fn entries_are_in_v1_1_newest_first_and_paged() {
    let rig = Rig::activated().await;
    for _ in 0..21 {
        assert_eq!(rig.open(FRONT_DOOR, &otp()).await.status(), 200);
    }
    rig.open(FRONT_DOOR, "wrong").await;
    let path = format!("/v1.1/sites/{SITE}/entries?$top=20&$orderby=utc_date_time%20desc");
    let page = rig.get(&path).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["count"]), (20, &json!(22)));
    let newest = &page["items"][0];
    assert_eq!(newest["event_category"], "lock_rejected");
    assert_eq!((&newest["access_by"], &newest["lock_id"]), (&json!("remote"), &json!(FRONT_DOOR)));
    assert_eq!(page["items"][1]["event_category"], "lock_opened");
    let link = page["next_page_link"].as_str().unwrap();
    let rest = rig.get(link.split_once(rig.address()).unwrap().1).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    let oldest_first = format!("/v1.1/sites/{SITE}/entries?$orderby=utc_date_time&$skip=21");
    assert_eq!(rig.get(&oldest_first).await.json()["items"][0], *newest);
    assert_eq!(rig.get(&path.replace("v1.1", "v1.2")).await.status(), 404);
    assert_eq!(rig.get(&path.replace("desc", "sideways")).await.error().1, "1101");
}

#[tokio::test]
async fn error_codes_are_text_or_numbers_as_set() {
    let rig = Rig::start().await;
    for (form, codes) in
        [("string", [json!("1100"), json!("1100")]), ("number", [json!(1100), json!(1100)])]
    {
        rig.control("PATCH", "settings", json!({"error_codes": form})).await;
        for code in codes {
            assert_eq!(rig.get("/v1.2/sites/x").await.json()["ErrorCode"], code, "{form}");
        }
    }
    rig.control("PATCH", "settings", json!({"error_codes": "alternate"})).await;
    let one = rig.get("/v1.2/sites/x").await.json()["ErrorCode"].is_string();
    let other = rig.get("/v1.2/sites/x").await.json()["ErrorCode"].is_string();
    assert_ne!(one, other);
}

#[tokio::test]
async fn v2_paths_answer_problem_details() {
    let rig = Rig::start().await;
    let answer = rig.get("/v2/sites").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
    assert_eq!(answer.json()["status"], 404);
}
