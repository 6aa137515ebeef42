//! The records: openings, commands, mails, digital keys, and counters.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request::{ControlError, parse_query};
use crate::cloud::Cloud;
use crate::records::Log;
use crate::wire::json_answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeQuery {
    #[serde(default)]
    since: u64,
    last: Option<usize>,
}

pub(super) async fn openings(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = read("openings", &cloud.state().records.openings, &range);
    Ok(answer(list))
}

pub(super) async fn commands(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = read("commands", &cloud.state().records.commands, &range);
    Ok(answer(list))
}

pub(super) async fn mailbox(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = read("mails", &cloud.state().records.mails, &range);
    Ok(answer(list))
}

pub(super) async fn digital_keys(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = read("digital_keys", &cloud.state().records.digital_keys, &range);
    Ok(answer(list))
}

struct RecordList<T> {
    name: &'static str,
    items: Vec<T>,
    last_seq: u64,
    total: usize,
}

/// Copies the records. They are serialised after the mutex of the state is released.
fn read<T: Clone + Serialize>(
    name: &'static str,
    log: &Log<T>,
    range: &RangeQuery,
) -> RecordList<impl Serialize + use<T>> {
    let items = log.read(range.since, range.last.unwrap_or(usize::MAX));
    RecordList { name, items, last_seq: log.last_seq(), total: log.len() }
}

fn answer<T: Serialize>(list: RecordList<T>) -> Response {
    let RecordList { name, items, last_seq, total } = list;
    json_answer(StatusCode::OK, &json!({name: items, "last_seq": last_seq, "total": total}))
}

pub(super) async fn counters(State(cloud): State<Arc<Cloud>>) -> Response {
    let state = cloud.state();
    let records = &state.records;
    let tokens: Vec<Value> = records
        .tokens
        .iter()
        .map(|(requester, count)| {
            json!({
                "grant": requester.grant_type,
                "username": requester.username,
                "granted": count.granted,
                "denied": count.denied,
            })
        })
        .collect();
    let body = json!({
        "calls": records.calls,
        "tokens": tokens,
        "reused": records.reused,
        "commands": records.commands.len(),
        "openings": records.openings.len(),
        "mails": records.mails.len(),
        "digital_keys": records.digital_keys.len(),
    });
    json_answer(StatusCode::OK, &body)
}
