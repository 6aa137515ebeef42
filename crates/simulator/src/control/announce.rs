//! Tells the subscribers of every change that is made by request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::cloud::Cloud;
use crate::records::NewRecord;

pub(crate) async fn announce_changes(
    State(cloud): State<Arc<Cloud>>,
    request: Request,
    next: Next,
) -> Response {
    let reads = request.method() == Method::GET;
    let response = next.run(request).await;
    let status = response.status();
    if !reads && (status.is_success() || status.is_redirection()) {
        cloud.publish(NewRecord::Change);
    }
    response
}
