//! One integration: the checklist, the rules, the mapping.

use axum::{extract::State, response::Response};
use config::{IntegrationOrigin, KnownIntegration, Role};
use consumer::IntegrationSettings;
use maud::{Markup, html};
use salto::SignIn;

use super::{access_test, layout, texts};
use crate::{
    access::caller::Caller,
    app::App,
    checklist::{Step, StepState, steps},
    doors::lock_text,
    extract::PathParameters,
    health::Health,
    problem::Problem,
};

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Problem> {
    let known = app.known(&id)?;
    let Some(settings) = &known.settings else {
        return Ok(unusable(&caller, &known));
    };
    let health = Health::of(&app, settings).await?;
    let steps = steps(&app, &caller, settings, &health).await?;
    let content = html! {
        p {
            span class=(health.state.class()) { (health.state.word()) } " " (health.text) " "
            (texts::with_code(&health.next_step))
        }
        ul .links {
            @for (what, name) in [("doors", "Doors"), ("iqs", "IQs"), ("locks", "Locks")] {
                li { a href=(texts::path(&["integrations", &id, what])) { (name) } }
            }
            li { a href=(format!("/requests?integration={}", texts::escaped(&id))) { "Requests" } }
            li { a href=(format!("/audit?integration={}", texts::escaped(&id))) { "Audit" } }
        }
        (access_test::button(&caller, &id))
        (checklist(&steps))
        (rules(settings))
        (mapping(settings))
        (iqs(&health))
        (stopping(&caller, &known))
    };
    Ok(layout::page(&caller, "", &id, &content))
}

/// The page of an integration that no worker uses.
fn unusable(caller: &Caller, known: &KnownIntegration) -> Response {
    let health = Health::of_problem(known.problem.as_ref());
    let content = html! {
        p .problem role="alert" { (health.text) " " (texts::with_code(&health.next_step)) }
        (stopping(caller, known))
    };
    layout::page(caller, "", &known.id, &content)
}

/// Changing it and stopping it, for those who may.
fn stopping(caller: &Caller, known: &KnownIntegration) -> Markup {
    let path = |what| texts::path(&["integrations", &known.id, what]);
    let (IntegrationOrigin::Stored { version, .. }, Some(session)) =
        (&known.origin, &caller.session)
    else {
        return html! {
            section {
                h2 { "Changing and stopping" }
                p { "It is set up in the configuration file and is changed there: set " code { "active = false" }
                    " in its table and send the workers SIGHUP, and no door of it opens from then on." }
            }
        };
    };
    let active = known.settings.as_ref().is_some_and(|it| it.rules.active);
    html! {
        section {
            h2 { "Changing and stopping" }
            @if caller.grant.role < Role::Admin {
                p { "An admin may change it, and switch it off: no door of it opens from then on." }
            } @else {
                ul .links { li { a href=(path("edit")) { "Edit" } } }
                form method="post" action=(path("switch")) {
                    (layout::csrf_field(session))
                    input type="hidden" name="version" value=(version);
                    input type="hidden" name="active" value=(!active);
                    @if active {
                        p { "Switched off, no door of it opens from the next second on; requests that wait are rejected too." }
                        button type="submit" { "Switch off" }
                    } @else {
                        p { "It is switched off: no door opens." }
                        button type="submit" { "Switch on" }
                    }
                }
                form method="post" action=(path("remove")) {
                    (layout::csrf_field(session))
                    input type="hidden" name="version" value=(version);
                    p { label { input type="checkbox" name="sure" value="yes" required; " Remove " (known.id) " for good" } }
                    button type="submit" { "Remove" }
                }
            }
        }
    }
}

fn checklist(steps: &[Step]) -> Markup {
    html! {
        section {
            h2 { "Checklist" }
            ol .checklist {
                @for step in steps {
                    li {
                        @match step.state {
                            StepState::Done => span .badge.good { "done" },
                            StepState::ToDo => span .badge.action { "to do" },
                            StepState::Optional => span .badge.off { "not set" },
                        }
                        " " strong { (step.name) } " " (texts::with_code(&step.text))
                    }
                }
            }
        }
    }
}

fn rules(settings: &IntegrationSettings) -> Markup {
    let IntegrationSettings { rules, account, .. } = settings;
    let mode =
        if settings.mode.rehearses() { "rehearse: no door opens" } else { "live: doors open" };
    let user = match &account.sign_in {
        SignIn::Password { username, .. } => username.as_str(),
        SignIn::Browser { .. } => "signs in with the browser",
    };
    html! {
        section {
            h2 { "Rules" }
            dl {
                dt { "Statuses that open" } dd { (rules.open_from_statuses.join(", ")) }
                dt { "Minutes before and after" } dd { (rules.minutes_before) " before the start, " (rules.minutes_after) " after the end" }
                dt { "Preview" } dd { (preview(rules.minutes_before, rules.minutes_after)) }
                dt { "Status at the first opening" } dd { (rules.check_in_status.as_deref().unwrap_or("not set")) }
                dt { "Field for the time of the opening" } dd { (rules.record_opened_at_in.as_deref().unwrap_or("not set")) }
                dt { "Mode" } dd { (mode) }
                dt { "Environment and site" } dd { (settings.environment) ", " (account.site_uid) }
                dt { "User at Salto" } dd { (user) }
            }
        }
    }
}

/// What the minutes mean for a booking from 14:00 to 16:00.
fn preview(minutes_before: u32, minutes_after: u32) -> String {
    let clock = |minutes: i64| {
        let of_day = minutes.rem_euclid(24 * 60);
        let day = match minutes.div_euclid(24 * 60) {
            0 => String::new(),
            -1 => " the day before".to_owned(),
            1 => " the day after".to_owned(),
            days if days < 0 => format!(" {} days before", -days),
            days => format!(" {days} days after"),
        };
        format!("{:02}:{:02}{day}", of_day / 60, of_day % 60)
    };
    let from = clock(14 * 60 - i64::from(minutes_before));
    let until = clock(16 * 60 + i64::from(minutes_after));
    format!("A booking from 14:00 to 16:00 opens from {from} until {until}.")
}

fn mapping(settings: &IntegrationSettings) -> Markup {
    let integration = &settings.rules;
    html! {
        section {
            h2 { "Mapping" }
            @if integration.locks.is_empty() && integration.default_lock.is_none() {
                p { "No object is mapped to a lock. “Locks” shows those of the site." }
            } @else {
                div .wide role="region" aria-label="Mapping" tabindex="0" {
                    table {
                        caption { "Objects and their locks" }
                        thead { tr { th scope="col" { "Object" } th scope="col" { "Lock" } th scope="col" { "Comes with" } } }
                        tbody {
                            @for (object, lock) in &integration.locks {
                                tr {
                                    th scope="row" { (object) } td { (lock_text(lock)) }
                                    td { (integration.shared_doors.get(object).map(|with| with.join(", ")).unwrap_or_default()) }
                                }
                            }
                            @if let Some(lock) = &integration.default_lock {
                                tr { th scope="row" { "all others" } td { (lock_text(lock)) } td {} }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn iqs(health: &Health) -> Markup {
    html! {
        section {
            h2 { "IQs" }
            @if health.iqs.is_empty() {
                p { "None is known here yet: an IQ is listed here once its activation has begun." }
            } @else {
                div .wide role="region" aria-label="IQs" tabindex="0" {
                    table {
                        caption { "IQs whose activation is stored, or whose doors were asked for" }
                        thead { tr { th scope="col" { "IQ" } th scope="col" { "Activation" } th scope="col" { "Last error" } } }
                        tbody {
                            @for iq in &health.iqs {
                                tr {
                                    th scope="row" { (iq.id) }
                                    td { (iq.state.code().replace('_', " ")) }
                                    td {
                                        @match &iq.last_error {
                                            Some(error) => { code { (error.reason) } " " (error.detail) ", " (texts::time(error.at)) }
                                            None => "none",
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::preview;

    #[test]
    fn the_preview_says_when_doors_open() {
        assert!(preview(15, 0).ends_with("from 13:45 until 16:00."));
        assert!(
            preview(24 * 60, 9 * 60)
                .ends_with("from 14:00 the day before until 01:00 the day after.")
        );
        assert!(preview(3 * 24 * 60, 0).contains("14:00 3 days before"));
    }
}
