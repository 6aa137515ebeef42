//! The body of a refusal, with its `ErrorCode` in the form that the settings ask for.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::wire::{Refusal, RefusalAnswer, json_answer};
use crate::world::ErrorCodes;

pub(crate) async fn add_error_body(
    State(cloud): State<Arc<Cloud>>,
    mut response: Response,
) -> Response {
    let Some(refusal) = response.extensions().get::<Refusal>().copied() else { return response };
    let RefusalAnswer { status, error } = refusal.answer();
    let Some(error) = error else {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    let body = json!({"ErrorCode": formatted(&cloud, error.code), "Message": error.message});
    json_answer(status, &body)
}

fn formatted(cloud: &Cloud, code: u16) -> Value {
    let mut state = cloud.state();
    let as_number = match state.world.settings.error_codes {
        ErrorCodes::String => false,
        ErrorCodes::Number => true,
        ErrorCodes::Alternate => state.count_error().is_multiple_of(2),
    };
    if as_number { json!(code) } else { json!(code.to_string()) }
}
