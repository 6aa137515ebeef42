//! The steps of an IQ's activation. Each goes on to its end where the caller is gone.

mod types;

use std::sync::Arc;

use axum::{Json, extract::State};
use consumer::{Settings, audit::Action};
use operations::{
    activation::{Adoption, Begun, IqActivation, PinChange, ProbeResult, SecretSource, probe},
    connections::site_access,
    iqs::TargetIq,
};
use salto::{PinDelivery, activation::is_pin};
use secrecy::{ExposeSecret, SecretString};

pub(crate) use types::{
    ActivationState, Adopt, BeginActivation, EnterPin, PinSet, Probe, SendPin, SetPin,
};

use super::operation::{Notes, failed, to_its_end};
use crate::{
    access::caller::Caller,
    app::App,
    extract::{JsonBody, PathParameters},
    problem::Problem,
};

/// The IQ that a path names.
type Place = PathParameters<(String, String)>;

pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): Place,
    JsonBody(begin): JsonBody<BeginActivation>,
) -> Result<Json<ActivationState>, Problem> {
    let send_pin = begin.send_pin.map(PinDelivery::from);
    at_iq(app, caller, "begin-activation", place, |app, place| async move {
        let notes = Notes::default();
        let snapshot = app.snapshot();
        let target = find_to_store(&snapshot.settings, &place, &notes).await?;
        let activation = IqActivation::new(&target, send_pin, false);
        let begun = activation.begin().await.map_err(|error| failed(&error))?;
        Ok(Json(ActivationState::of(&target, begun, &notes)))
    })
    .await
}

pub(crate) async fn enter_pin(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): Place,
    JsonBody(EnterPin { pin, force }): JsonBody<EnterPin>,
) -> Result<Json<ActivationState>, Problem> {
    pin.as_ref().map(checked).transpose()?;
    at_iq(app, caller, "finish-activation", place, |app, place| async move {
        let notes = Notes::default();
        let snapshot = app.snapshot();
        let target = find_to_store(&snapshot.settings, &place, &notes).await?;
        let activation = IqActivation::new(&target, None, force);
        activation.finish(pin).await.map_err(|error| failed(&error))?;
        Ok(Json(ActivationState::of(&target, Begun::Done(None), &notes)))
    })
    .await
}

pub(crate) async fn adopt(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): Place,
    JsonBody(Adopt { secret, device_code, pin, force }): JsonBody<Adopt>,
) -> Result<Json<ActivationState>, Problem> {
    checked(&pin)?;
    let notes = Notes::default();
    let source = match (secret, device_code) {
        (Some(secret), None) => SecretSource::known(secret, &notes),
        (None, Some(code)) => SecretSource::device_code(&code),
        (_, _) => Err(anyhow::anyhow!("give either the secret or the code of an active device")),
    };
    let source = source.map_err(|error| Problem::bad_request(error.to_string()))?;
    at_iq(app, caller, "adopt-activation", place, |app, place| async move {
        let snapshot = app.snapshot();
        let target = find_to_store(&snapshot.settings, &place, &notes).await?;
        let adoption = Adoption::begin(&target, force).await.map_err(|error| failed(&error))?;
        adoption.finish(source, pin).await.map_err(|error| failed(&error))?;
        Ok(Json(ActivationState::of(&target, Begun::Done(None), &notes)))
    })
    .await
}

pub(crate) async fn set_pin(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): Place,
    JsonBody(SetPin { pin, force }): JsonBody<SetPin>,
) -> Result<Json<PinSet>, Problem> {
    checked(&pin)?;
    at_iq(app, caller, "set-pin", place, |app, place| async move {
        let notes = Notes::default();
        let snapshot = app.snapshot();
        let target = find_to_store(&snapshot.settings, &place, &notes).await?;
        let change = PinChange::begin(&target).await.map_err(|error| failed(&error))?;
        let changed = change.finish(&pin, force).await.map_err(|error| failed(&error))?;
        Ok(Json(PinSet { changed, notes: notes.taken() }))
    })
    .await
}

pub(crate) async fn probe_iq(
    State(app): State<App>,
    caller: Caller,
    PathParameters(place): Place,
    JsonBody(Probe { force }): JsonBody<Probe>,
) -> Result<Json<ProbeResult>, Problem> {
    at_iq(app, caller, "probe-iq", place, |app, place| async move {
        let notes = Notes::default();
        let (integration, iq) = &place;
        let snapshot = app.snapshot();
        let access = site_access::open(&snapshot.settings, integration, &notes).await?;
        let target = TargetIq::find(access, iq).await?;
        probe(&target, force).await.map(Json).map_err(|error| failed(&error))
    })
    .await
}

async fn find_to_store<'a>(
    settings: &'a Settings,
    place: &(String, String),
    notes: &'a Notes,
) -> Result<TargetIq<'a>, Problem> {
    let (integration, iq) = place;
    let access = site_access::open(settings, integration, notes).await?;
    Ok(TargetIq::find_to_store(access, iq).await?)
}

/// Does something at an IQ, to its end. The audit has a line before anything is sent, and another one where it was
/// refused.
async fn at_iq<T: Send + 'static, W: Future<Output = Result<T, Problem>> + Send + 'static>(
    app: App,
    caller: Caller,
    name: &'static str,
    place: (String, String),
    work: impl FnOnce(App, (String, String)) -> W,
) -> Result<T, Problem> {
    let (integration, iq) = &place;
    app.integration(integration)?;
    caller.record(&app, name, integration, Some(&format!("IQ {iq}"))).await?;
    let work = work(Arc::clone(&app), place.clone());
    to_its_end(async move {
        let done = work.await;
        if let Err(problem) = &done {
            record_refused(&app, &caller, name, &place, problem).await;
        }
        done
    })
    .await
}

async fn record_refused(
    app: &App,
    caller: &Caller,
    name: &str,
    (integration_id, iq): &(String, String),
    problem: &Problem,
) {
    let detail = format!("IQ {iq}: {}", problem.detail());
    let action = Action {
        action: name,
        operator: &caller.name,
        integration_id,
        reason: None,
        detail: Some(&detail),
        done: false,
    };
    // The first line is there, and the caller gets the problem; that it was not written is logged.
    let _ = app.record(&action).await;
}

/// A PIN is refused before anything is sent, where it cannot be one.
fn checked(pin: &SecretString) -> Result<(), Problem> {
    match is_pin(pin.expose_secret()) {
        true => Ok(()),
        false => Err(Problem::bad_request("a PIN is exactly four digits; nothing was sent")),
    }
}
