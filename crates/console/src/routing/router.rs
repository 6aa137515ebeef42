//! The router, made of the table.

use std::collections::BTreeMap;

use axum::{
    Router, extract::DefaultBodyLimit, http::StatusCode, middleware::from_fn_with_state,
    routing::MethodRouter,
};

use super::{
    guard::{Guard, LARGEST_BODY, guard},
    present::present,
    route::Route,
};
use crate::{app::App, problem::Problem};

/// All routes, each behind its guard.
pub(crate) fn router(app: &App, table: Vec<Route>) -> Router {
    let mut paths: BTreeMap<&'static str, MethodRouter<App>> = BTreeMap::new();
    for Route { path, access, handler, .. } in table {
        let state = Guard { app: App::clone(app), access };
        let guarded = handler.route_layer(from_fn_with_state(state, guard));
        let of_path = paths.remove(path).unwrap_or_default();
        paths.insert(path, of_path.merge(guarded));
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    router
        .fallback(async || Problem::of_status(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || Problem::of_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(App::clone(app), present))
        .with_state(App::clone(app))
}
