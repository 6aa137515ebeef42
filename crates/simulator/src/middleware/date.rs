//! The `Date` header of every answer, by the simulator's clock.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::clock::http_date;
use crate::cloud::Cloud;

pub(crate) async fn add_date(State(cloud): State<Arc<Cloud>>, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(&http_date(cloud.clock.now())) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}
