//! Reading a request's parameters and body; what cannot be read is answered as a problem.

use axum::{
    extract::{
        FromRequestParts, Path, Query,
        rejection::{PathRejection, QueryRejection},
    },
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{app::App, problem::Problem};

/// The parameters of the path.
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for PathParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, app).await;
        let unreadable = |error: PathRejection| Problem::bad_request(error.body_text());
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
