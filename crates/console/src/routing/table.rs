//! All routes.

use axum::http::StatusCode;
use config::Role::{Admin, Viewer};

use super::{
    described::Described,
    operations, pages,
    route::{
        Access::{Integration, Public, Role},
        Route,
    },
};
use crate::{
    api::{
        self,
        audit::AuditList,
        bookings::{BookingDetails, BookingFilter, BookingList},
        doors::DoorList,
        events::EventFilter,
        integrations::{
            self, BasedOn, IntegrationChanged, IntegrationChecked, IntegrationDocument,
            IntegrationList,
        },
        session::Me,
    },
    audit_search::AuditFilter,
};

/// All routes, each with who may use it.
pub(crate) fn table() -> Vec<Route> {
    let mut table = pages::table();
    table.extend(of_session());
    table.extend(of_integrations());
    table.extend(operations::table());
    table.extend(of_records());
    table
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
    let one = "/api/v1/integrations/{integration}";
    let described = |id, summary| Described::new("Integrations", id, summary);
    vec![
        Route::get("/api/v1/integrations", Role(Viewer), integrations::list).described(
            described("listIntegrations", "The integrations that the caller may see")
                .answers::<IntegrationList>(StatusCode::OK, "In the order of their ids."),
        ),
        Route::get(one, Integration(Viewer), integrations::get).described(
            described("getIntegration", "One integration")
                .answers::<integrations::Integration>(StatusCode::OK, "Its settings, without secrets."),
        ),
        Route::put(one, Integration(Admin), integrations::put).described(
            described("putIntegration", "Store an integration, or change a stored one")
                .text("Validated as a whole, with all mistakes at once. Workers use it within a second. One of the configuration file cannot be changed here.")
                .query::<BasedOn>()
                .takes::<IntegrationDocument>()
                .answers::<IntegrationChanged>(StatusCode::OK, "What changed.")
                .refuses(StatusCode::CONFLICT, "It is in the file, or was changed after `version`.")
                .refuses(StatusCode::UNPROCESSABLE_ENTITY, "The document has mistakes."),
        ),
        Route::delete(one, Integration(Admin), integrations::remove).described(
            described("removeIntegration", "Remove a stored integration: it opens no door afterwards")
                .query::<BasedOn>()
                .answers::<IntegrationChanged>(StatusCode::OK, "The removal.")
                .refuses(StatusCode::CONFLICT, "It is in the file, or was changed after `version`."),
        ),
        Route::post("/api/v1/integrations/{integration}/check", Integration(Admin), integrations::check).described(
            described("checkIntegration", "Check a document as storing it would, and change nothing")
                .takes::<IntegrationDocument>()
                .answers::<IntegrationChecked>(StatusCode::OK, "It has no mistakes.")
                .refuses(StatusCode::UNPROCESSABLE_ENTITY, "The document has mistakes."),
        ),
    ]
}

fn of_records() -> Vec<Route> {
    let bookings = "/api/v1/integrations/{integration}/bookings";
    vec![
        Route::get("/api/v1/integrations/{integration}/doors", Integration(Viewer), api::doors::list).described(
            Described::new("Doors", "listDoors", "The doors of an integration, with what postern knows of them")
                .text("From the mapping and the newest 500 decisions; Salto is not asked.")
                .answers::<DoorList>(StatusCode::OK, "In the order of their objects."),
        ),
        Route::get(bookings, Integration(Viewer), api::bookings::list).described(
            Described::new("Bookings", "listBookings", "Stored bookings of an integration")
                .query::<BookingFilter>()
                .answers::<BookingList>(StatusCode::OK, "200 bookings at most."),
        ),
        Route::get("/api/v1/integrations/{integration}/bookings/{booking}", Integration(Viewer), api::bookings::get)
            .described(
                Described::new("Bookings", "getBooking", "What is stored of a booking")
                    .parameter("booking", "The id of the booking.")
                    .answers::<BookingDetails>(StatusCode::OK, "The booking."),
            ),
        Route::get("/api/v1/requests", Role(Viewer), api::audit::requests).described(
            Described::new("Audit", "listRequests", "Decided requests, the newest first")
                .query::<AuditFilter>()
                .answers::<AuditList>(StatusCode::OK, "Those that the caller may see."),
        ),
        Route::get("/api/v1/audit", Role(Viewer), api::audit::list).described(
            Described::new("Audit", "listAudit", "Lines of the audit, the newest first")
                .text("Lines about no integration, such as sign-ins, are for admins of all integrations.")
                .query::<AuditFilter>()
                .answers::<AuditList>(StatusCode::OK, "Those that the caller may see."),
        ),
        Route::get("/api/v1/events", Role(Viewer), api::events::stream).described(
            Described::new("Audit", "streamEvents", "New lines of the audit, as server-sent events")
                .text("Each event `line` has a line of the audit as JSON. `missed` says how many lines a slow reader has missed.")
                .query::<EventFilter>()
                .answers_with("text/event-stream", "The stream. It ends with the session, and after 15 minutes at most: connect anew."),
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
