//! What happened: openings, commands, mails, digital keys, counts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{ControlError, parse_query};
use crate::answer::json_answer;
use crate::cloud::{Cloud, Log};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(default)]
    since: u64,
    last: Option<usize>,
}

pub(super) async fn openings(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = page("openings", &cloud.live().records.openings, &range);
    Ok(answer(list))
}

pub(super) async fn commands(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = page("commands", &cloud.live().records.commands, &range);
    Ok(answer(list))
}

pub(super) async fn mailbox(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = page("mails", &cloud.live().records.mails, &range);
    Ok(answer(list))
}

pub(super) async fn digital_keys(
    State(cloud): State<Arc<Cloud>>,
    uri: Uri,
) -> Result<Response, ControlError> {
    let range = parse_query(&uri)?;
    let list = page("digital_keys", &cloud.live().records.digital_keys, &range);
    Ok(answer(list))
}

struct Page<T> {
    name: &'static str,
    items: Vec<T>,
    last_seq: u64,
    total: usize,
}

/// Only copies: serialising waits until the cloud may go on.
fn page<T: Clone + Serialize>(
    name: &'static str,
    log: &Log<T>,
    range: &Range,
) -> Page<impl Serialize + use<T>> {
    let items = log.read(range.since, range.last.unwrap_or(usize::MAX));
    Page { name, items, last_seq: log.last_seq(), total: log.len() }
}

fn answer<T: Serialize>(page: Page<T>) -> Response {
    let Page { name, items, last_seq, total } = page;
    json_answer(StatusCode::OK, &json!({name: items, "last_seq": last_seq, "total": total}))
}

pub(super) async fn counters(State(cloud): State<Arc<Cloud>>) -> Response {
    let live = cloud.live();
    let records = &live.records;
    let tokens: Vec<Value> = records
        .tokens
        .iter()
        .map(|((grant, username), count)| {
            json!({
                "grant": grant,
                "username": username,
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
