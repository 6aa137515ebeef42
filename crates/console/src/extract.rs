//! Reading a request's parameters and body; what cannot be read is answered as a problem.

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::{app::App, problem::Problem};

/// The parameters of the path.
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for PathParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, app).await;
        // Nothing has such an address.
        let unreadable = |error: PathRejection| Problem::not_found(error.body_text());
        read.map(|Path(parameters)| Self(parameters)).map_err(unreadable)
    }
}

/// The parameters of the query.
pub(crate) struct QueryParameters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for QueryParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, app).await;
        let unreadable = |error: QueryRejection| Problem::bad_request(error.body_text());
        read.map(|Query(parameters)| Self(parameters)).map_err(unreadable)
    }
}

/// The body, in JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let read = Json::<T>::from_request(request, app).await;
        let unreadable = |error: JsonRejection| match error.status() {
            status @ (StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::PAYLOAD_TOO_LARGE) => {
                Problem::of_status(status)
            }
            _ => Problem::bad_request(error.body_text()),
        };
        read.map(|Json(body)| Self(body)).map_err(unreadable)
    }
}
