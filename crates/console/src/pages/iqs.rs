//! The IQs of a site: their states and next steps, and the steps of an activation.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use config::Role;
use maud::html;
use operations::iqs::IqReport;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    forms::{Sent, read, refusal, refused, session},
    iq_forms::{self, Said},
    layout, texts,
};
use crate::{
    access::caller::Caller,
    api::{
        activation::{self, Adopt, BeginActivation, EnterPin, Probe, SendPin, SetPin},
        iqs::listed,
    },
    app::App,
    extract::{JsonBody, PathParameters, QueryParameters},
    problem::Problem,
};

/// The integration, and the IQ.
type Place = (String, String);

/// What the page says of the step before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SaidQuery {
    said: Option<Said>,
}

/// A step of an activation, as its form sends it.
#[derive(Deserialize)]
pub(crate) struct StepForm {
    step: IqStep,
    send_pin: Option<SendPin>,
    pin: Option<SecretString>,
    secret: Option<SecretString>,
    #[serde(default)]
    force: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IqStep {
    Begin,
    EnterPin,
    Probe,
    SetPin,
    Adopt,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Problem> {
    let found = listed(&app, &id).await?;
    let content = html! {
        p { a href=(texts::path(&["integrations", &id])) { "Back to " (id) } }
        @for note in &found.notes { p .fine { (note) } }
        @if found.iqs.is_empty() {
            p { "Salto lists no IQ at this site, and none is stored here." }
        } @else {
            div .wide role="region" aria-label="IQs" tabindex="0" {
                table {
                    caption { "IQs at Salto and their activation here" }
                    thead { tr {
                        th scope="col" { "IQ" } th scope="col" { "Activation" } th scope="col" { "Online" }
                        th scope="col" { "Next step" }
                    } }
                    tbody {
                        @for iq in &found.iqs {
                            tr {
                                th scope="row" {
                                    a href=(texts::path(&["integrations", &id, "iqs", &iq.id])) { (iq.name.as_ref().unwrap_or(&iq.id)) }
                                }
                                td { (iq_forms::state(iq)) }
                                td { (iq_forms::yes_or_no(iq.online)) }
                                td { (texts::with_code(iq.next.as_deref().unwrap_or("none"))) }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(layout::page(&caller, "", &format!("IQs of {id}"), &content))
}

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): PathParameters<Place>,
    QueryParameters(SaidQuery { said }): QueryParameters<SaidQuery>,
) -> Result<Response, Problem> {
    show(&app, &caller, &place, said, None).await
}

/// Does one step. A PIN comes in the form alone, and is on no page.
pub(crate) async fn act(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): PathParameters<Place>,
    sent: Sent<StepForm>,
) -> Result<Response, Problem> {
    let form = read(sent)?;
    match take(&app, &caller, &place, form).await {
        Ok(said) => {
            let page = path(&place);
            Ok(Redirect::to(&format!("{page}?said={}", said.code())).into_response())
        }
        Err(problem) => {
            let page = show(&app, &caller, &place, None, Some(&problem)).await;
            Ok(refused(problem, page))
        }
    }
}

async fn take(app: &App, caller: &Caller, place: &Place, form: StepForm) -> Result<Said, Problem> {
    let StepForm { step, send_pin, pin, secret, force } = form;
    let [pin, secret] = [pin, secret].map(|it| it.filter(|it| !it.expose_secret().is_empty()));
    let state = || State(App::clone(app));
    let (caller, place) = (caller.clone(), PathParameters(place.clone()));
    match step {
        IqStep::Begin => {
            let body = JsonBody(BeginActivation { send_pin });
            let Json(begun) = activation::begin(state(), caller, place, body).await?;
            Ok(Said::of(&begun))
        }
        IqStep::EnterPin => {
            let body = JsonBody(EnterPin { pin, force });
            let Json(done) = activation::enter_pin(state(), caller, place, body).await?;
            Ok(Said::of(&done))
        }
        IqStep::Probe => {
            let body = JsonBody(Probe { force });
            let Json(probed) = activation::probe_iq(state(), caller, place, body).await?;
            match probed.accepted {
                true => Ok(Said::Accepted),
                false => Err(Problem::new(StatusCode::CONFLICT, "otp_refused", probed.meaning)),
            }
        }
        IqStep::SetPin => {
            let body = JsonBody(SetPin { pin: required(pin)?, force });
            let Json(set) = activation::set_pin(state(), caller, place, body).await?;
            Ok(if set.changed { Said::PinSet } else { Said::PinKept })
        }
        IqStep::Adopt => {
            let body = Adopt { secret, device_code: None, pin: required(pin)?, force };
            let Json(adopted) = activation::adopt(state(), caller, place, JsonBody(body)).await?;
            Ok(Said::of(&adopted))
        }
    }
}

fn required(pin: Option<SecretString>) -> Result<SecretString, Problem> {
    pin.ok_or_else(|| Problem::bad_request("enter a PIN of four digits; nothing was sent"))
}

fn path((integration, iq): &Place) -> String {
    texts::path(&["integrations", integration, "iqs", iq])
}

async fn show(
    app: &App,
    caller: &Caller,
    place: &Place,
    said: Option<Said>,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let (integration, id) = place;
    let session = session(caller)?;
    let found = listed(app, integration).await?;
    let is_it = |iq: &&IqReport| iq.id == *id || iq.name.as_ref() == Some(id);
    let iq = found.iqs.iter().find(is_it).ok_or_else(|| {
        Problem::not_found(format!("{integration} has no IQ {id:?}: its page lists those it has"))
    })?;
    let content = html! {
        p { a href=(texts::path(&["integrations", integration, "iqs"])) { "Back to the IQs of " (integration) } }
        (refusal(problem))
        @if let Some(said) = said { p role="status" { strong { (said.text()) } } }
        @for note in &found.notes { p .fine { (note) } }
        (iq_forms::facts(iq))
        @if caller.grant.role < Role::Operator {
            p { "An operator may activate it." }
        } @else {
            (iq_forms::steps(iq, session, &path(place)))
        }
    };
    let title = format!("IQ {}", iq.name.as_ref().unwrap_or(&iq.id));
    Ok(layout::page(caller, "", &title, &content))
}
