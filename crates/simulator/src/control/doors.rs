//! `GET /control/doors`: the doors for the page, without secrets.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::wire::json_answer;

pub(super) async fn doors(State(cloud): State<Arc<Cloud>>) -> Response {
    let state = cloud.state();
    let sites: Vec<Value> = state
        .world
        .sites
        .iter()
        .map(|site| {
            let doors = site.locks.iter().map(|lock| {
                let iq = lock.iq_id.and_then(|id| state.iq(id));
                json!({
                    "id": lock.id,
                    "name": lock.customer_reference,
                    "iq": iq.map(|iq| &iq.customer_reference),
                    "online": iq.is_some_and(|iq| iq.online),
                })
            });
            json!({
                "site": site.customer_reference,
                "site_uid": site.site_uid,
                "doors": doors.collect::<Vec<Value>>(),
            })
        })
        .collect();
    json_answer(StatusCode::OK, &json!({"sites": sites}))
}
