//! All routes.

use axum::http::StatusCode;
use config::Role::Viewer;

use super::{
    described::Described,
    route::{
        Access::{Integration, Public, Role},
        Route,
    },
};
use crate::{
    api::{self, session::Me},
    pages,
};

/// All routes, each with who may use it.
pub(crate) fn table() -> Vec<Route> {
    let mut table = of_pages();
    table.extend(of_session());
    table.extend(of_integrations());
    table
}

fn of_pages() -> Vec<Route> {
    vec![
        Route::get("/", Role(Viewer), pages::overview::page),
        Route::get("/sign-in", Public, pages::sign_in::page),
        Route::post("/sign-in", Public, pages::sign_in::sign_in),
        Route::post("/sign-out", Role(Viewer), pages::sign_in::sign_out),
        Route::get("/assets/console.css", Public, pages::assets::style),
        Route::get("/assets/console.js", Public, pages::assets::script),
    ]
}

fn of_session() -> Vec<Route> {
    vec![
        Route::get("/api/v1/openapi.json", Public, api::openapi::get).described(
            Described::new("Console", "getOpenApi", "This document")
                .answers_with("application/json", "The document, in OpenAPI 3.1."),
        ),
        Route::get("/api/v1/me", Role(Viewer), api::session::get).described(
            Described::new("Console", "getMe", "Who calls, and what the caller may do")
                .answers::<Me>(StatusCode::OK, "The caller."),
        ),
    ]
}

fn of_integrations() -> Vec<Route> {
    vec![
        Route::get("/api/v1/integrations", Role(Viewer), api::integrations::list).described(
            Described::new(
                "Integrations",
                "listIntegrations",
                "The integrations that the caller may see",
            )
            .answers::<api::integrations::IntegrationList>(
                StatusCode::OK,
                "In the order of their ids.",
            ),
        ),
        Route::get(
            "/api/v1/integrations/{integration}",
            Integration(Viewer),
            api::integrations::get,
        )
        .described(
            Described::new("Integrations", "getIntegration", "One integration")
                .answers::<api::integrations::Integration>(
                StatusCode::OK,
                "Its settings, without secrets.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routing::route::{API, INTEGRATION, parameters};

    #[test]
    fn a_path_names_an_integration_where_the_rule_is_about_one_and_nowhere_else() {
        for Route { method, path, access, .. } in table() {
            let names = parameters(path).any(|name| name == INTEGRATION);
            assert_eq!(matches!(access, Integration(_)), names, "{method} {path}");
        }
    }

    #[test]
    fn the_api_is_described_and_pages_are_not() {
        for Route { method, path, described, .. } in table() {
            assert_eq!(path.starts_with(API), described.is_some(), "{method} {path}");
        }
    }

    #[test]
    fn each_route_is_declared_once_and_few_are_public() {
        let table = table();
        let declared: BTreeSet<_> =
            table.iter().map(|route| (route.method.as_str(), route.path)).collect();
        assert_eq!(declared.len(), table.len());
        let public: Vec<_> =
            table.iter().filter(|it| it.access == Public).map(|it| it.path).collect();
        let expected = [
            "/sign-in",
            "/sign-in",
            "/assets/console.css",
            "/assets/console.js",
            "/api/v1/openapi.json",
        ];
        assert_eq!(public, expected);
    }

    #[test]
    fn what_changes_something_needs_more_than_a_viewer() {
        for Route { method, path, access, .. } in table() {
            let of_own_session = ["/sign-in", "/sign-out"].contains(&path);
            if !method.is_safe() && !of_own_session {
                let more = matches!(access, Role(role) | Integration(role) if role > Viewer);
                assert!(more, "{method} {path}");
            }
        }
    }
}
