//! The routes of pages.

use config::Role::{Admin, Operator, Viewer};

use super::route::{
    Access::{Integration, Public, Role},
    Route,
};
use crate::pages;

/// The routes, each with who may use it.
pub(super) fn table() -> Vec<Route> {
    let mut table = of_integrations();
    table.extend(of_records());
    table.extend(of_session());
    table
}

fn of_integrations() -> Vec<Route> {
    vec![
        Route::get("/", Role(Viewer), pages::overview::page),
        Route::get("/integrations/{integration}", Integration(Viewer), pages::integration::page),
        Route::get("/new-integration", Role(Admin), pages::integration_edit::new),
        Route::post("/new-integration", Role(Admin), pages::integration_edit::create),
        Route::get(
            "/integrations/{integration}/edit",
            Integration(Admin),
            pages::integration_edit::edit,
        ),
        Route::post(
            "/integrations/{integration}/edit",
            Integration(Admin),
            pages::integration_edit::change,
        ),
        Route::post(
            "/integrations/{integration}/switch",
            Integration(Admin),
            pages::integration_edit::switch,
        ),
        Route::post(
            "/integrations/{integration}/remove",
            Integration(Admin),
            pages::integration_edit::remove,
        ),
        Route::get("/integrations/{integration}/doors", Integration(Viewer), pages::doors::page),
        Route::post("/integrations/{integration}/doors", Integration(Operator), pages::doors::open),
        Route::get("/integrations/{integration}/locks", Integration(Viewer), pages::locks::page),
        Route::post(
            "/integrations/{integration}/access-test",
            Integration(Operator),
            pages::access_test::run,
        ),
        Route::get("/integrations/{integration}/iqs", Integration(Viewer), pages::iqs::list),
        Route::get("/integrations/{integration}/iqs/{iq}", Integration(Viewer), pages::iqs::page),
        Route::post("/integrations/{integration}/iqs/{iq}", Integration(Operator), pages::iqs::act),
    ]
}

fn of_records() -> Vec<Route> {
    vec![
        Route::get("/requests", Role(Viewer), pages::requests::page),
        Route::get("/requests/{request}", Role(Viewer), pages::request::page),
        Route::get("/audit", Role(Viewer), pages::audit::page),
        Route::get("/dead-letters", Role(Viewer), pages::dead_letters::page),
        Route::post("/dead-letters", Role(Operator), pages::dead_letters::act),
        Route::get("/jobs/{job}", Role(Viewer), pages::jobs::page),
        Route::post("/jobs/{job}", Role(Operator), pages::jobs::stop),
    ]
}

fn of_session() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Public, pages::sign_in::page),
        Route::post("/sign-in", Public, pages::sign_in::sign_in),
        Route::post("/sign-out", Role(Viewer), pages::sign_in::sign_out),
        Route::get("/assets/console.css", Public, pages::assets::style),
        Route::get("/assets/console.js", Public, pages::assets::script),
    ]
}
