//! A server with several threads can run every operation: this compiles only where their futures are `Send`.

use std::num::NonZeroU32;

use anyhow::Context;
use consumer::{IntegrationSettings, Settings};
use operations::{
    Observer,
    activation::{Adoption, IqActivation, PinChange, SecretSource, StoredActivation, probe},
    checks::{Deadline, check_integration},
    connections::{shared_connections::SharedConnections, site_access},
    dead_letters::{self, Control, Criteria, DeadLetters, LetterFile, LetterFilters},
    explain::{Explanation, Selection, sources_of},
    iqs::{TargetIq, iq_reports},
    mapping::check_mapping,
    opening::{OpenedBy, Reason, TestOpening},
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn moves<T: Send>(_: T) {}

async fn about_dead_letters(letters: DeadLetters<'_>, criteria: Criteria, file: LetterFile) {
    moves(dead_letters::list(letters, LetterFilters::default()));
    moves(dead_letters::show(letters, Uuid::nil()));
    moves(dead_letters::predict(letters, &criteria));
    let control = || Control::new(CancellationToken::new(), NonZeroU32::new(1));
    let replaying = async {
        let selected = dead_letters::select(letters, &criteria).await?;
        anyhow::Ok(dead_letters::replay(letters, selected, control()).await)
    };
    moves(replaying);
    moves(async move {
        let selected = dead_letters::select(letters, &criteria).await?;
        anyhow::Ok(dead_letters::archive_and_drop(letters, selected, file, control()).await)
    });
}

async fn about_a_site(settings: &Settings, observer: &dyn Observer) {
    moves(async move {
        let access = site_access::open(settings, "acme", observer).await?;
        iq_reports(&access).await?;
        check_mapping(&access).await?;
        StoredActivation::find(&access, "iq").await?.remove().await?;
        let opening = TestOpening::prepare(&access, settings, "lock").await?;
        let reason = Reason::new("proof").context("a reason")?;
        opening.open(OpenedBy { operator: "me", reason, force: false }).await
    });
    moves(async move {
        let access = site_access::open(settings, "acme", observer).await?;
        let target = TargetIq::find_to_store(access, "iq").await?;
        let activation = IqActivation::new(&target, None, false);
        activation.begin().await?;
        activation.finish(None).await?;
        let pin = || SecretString::from("0601");
        let adoption = Adoption::begin(&target, false).await?;
        adoption.finish(SecretSource::Known(pin()), pin()).await?;
        PinChange::begin(&target).await?.finish(&pin(), false).await?;
        probe(&target, false).await?;
        anyhow::Ok(())
    });
}

async fn about_connections(
    connections: &SharedConnections<'_>,
    settings: &Settings,
    integration: &IntegrationSettings,
    selection: Selection,
) {
    moves(sources_of(&connections.lookup, "id"));
    moves(Explanation::of(settings, connections, selection));
    moves(check_integration(connections, integration, Deadline::after(std::time::Duration::ZERO)));
}

#[test]
fn operations_move_between_threads() {
    // Nothing runs: the compiler has checked it.
    let _ = (about_dead_letters, about_a_site, about_connections);
}
