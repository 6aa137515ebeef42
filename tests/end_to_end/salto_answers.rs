//! The result of a request for every status and fault of the simulator, on every kind of call that the request depends
//! on. All rows of a table run at the same time, each with a request of its own.
//!
//! | | |
//! | --- | --- |
//! | [`row`] | a row of the table: faults, changes and the expected result |
//! | [`open_command`] | answers to the command, with and without `Retry-After`, and missing answers |
//! | [`without_faults`] | Salto's own answers |
//! | [`token_call`], [`lists`], [`entry_log`] | the calls before and after the command |
//! | [`sites`] | a site, an account, an IQ, an integration and an environment per row, so that a pause, block or breaker of one row does not affect another |
//! | [`check`] | compares the result of a row with the expected one |

mod check;
mod entry_log;
mod lists;
mod open_command;
mod row;
mod sites;
mod token_call;
mod without_faults;

pub(crate) use self::check::class;

use self::check::{Observed, check};
use self::row::Row;
use self::sites::{Door, RowSite, assign_sites, salto};
use crate::otp_guard::RESTORE_REASON;
use end_to_end::broker::{Bus, OutboundListener};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::OpenCommand;
use end_to_end::worker::Worker;
use rules::FailedReason;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Answers to the command, and what follows it.
fn command_rows() -> Vec<Row> {
    let rows = [
        open_command::statuses(),
        open_command::bodies(),
        open_command::retry_after(),
        open_command::wire(),
        without_faults::rows(),
        entry_log::rows(),
    ];
    rows.concat()
}

/// Answers to the calls before the command.
fn earlier_rows() -> Vec<Row> {
    [token_call::rows(), lists::rows()].concat()
}

#[tokio::test]
async fn every_answer_to_a_command_has_the_result_in_the_table() {
    run_table(&command_rows(), 12).await;
}

#[tokio::test]
async fn every_answer_to_the_calls_before_a_command_has_the_result_in_the_table() {
    // A debug build needs some seconds for more than a hundred token requests at once.
    run_table(&earlier_rows(), 15).await;
}

/// The reason of an IQ that needs a restore cannot be provoked by a row: the test of the OTP guard has it.
#[test]
fn every_failed_reason_has_an_end_to_end_test() {
    let rows = [command_rows(), earlier_rows()].concat();
    let tested = rows.iter().flat_map(|row| row.end.reasons()).chain([RESTORE_REASON]);
    let tested: BTreeSet<_> = tested.collect();
    let known: BTreeSet<_> = FailedReason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(tested, known);
}

/// Runs a request for each row. `life`: from a request to its expiry, in seconds.
async fn run_table(rows: &[Row], life: i64) {
    let (sites, doors) = assign_sites(rows);
    let mut setup = Setup::with_salto(&salto(&sites)).await;
    setup.settings.set("broker.prefetch", 2000);
    setup.settings.set("opening.command_timeout", "3s");
    setup.settings.set("opening.resend_window", "8s");
    sites::activate(&mut setup, &sites).await;
    sites::configure(&mut setup, &sites.iter().collect::<Vec<_>>());

    let cases: Vec<_> = rows.iter().zip(&doors).collect();
    for (row, door) in cases.iter().filter(|(row, _)| row.cold) {
        door.prepare(&setup.simulator, &sites, row).await;
    }
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    store_bookings(&bus, &worker, &sites).await;
    let warm = open_spare_doors(&bus, &outbound, &sites).await;
    let opened = setup.simulator.opening_count().await;
    assert_eq!(opened, warm as u64, "without faults all doors open");

    for (row, door) in cases.iter().filter(|(row, _)| !row.cold) {
        door.prepare(&setup.simulator, &sites, row).await;
    }
    let expires_at = time(life);
    let request = |door: &Door| request(&sites[door.site], &door.object, &door.object, &expires_at);
    bus.open_requests(&doors.iter().map(request).collect::<Vec<_>>()).await;
    outbound.ended(warm + rows.len(), SOON * 2).await;
    outbound.catch_up().await;
    assert_table(&cases, &setup, &outbound).await;
}

async fn store_bookings(bus: &Bus, worker: &Worker, sites: &[RowSite]) {
    for site in sites {
        let members = json!({"object_ids": site.objects()});
        bus.booking(&of(site, booking_status("B-1", "paid"), &members)).await;
    }
    worker.wait_until_settled("booking-status", sites.len() as u64, SOON * 2).await;
}

/// Opens the spare door of every site that is not cold, so that the worker has a token and the lists; returns how many.
async fn open_spare_doors(bus: &Bus, outbound: &OutboundListener, sites: &[RowSite]) -> usize {
    let warm = sites.iter().filter(|site| !site.cold);
    let requests: Vec<_> = warm
        .map(|site| request(site, &format!("warm-up of {}", site.name()), "spare", &time(50)))
        .collect();
    bus.open_requests(&requests).await;
    outbound.ended(requests.len(), SOON * 2).await;
    requests.len()
}

async fn assert_table(cases: &[(&Row, &Door)], setup: &Setup, outbound: &OutboundListener) {
    let openings = setup.simulator.openings().await;
    let mut commands = setup.simulator.commands().await;
    // A delayed command is recorded late.
    commands.sort_by_key(|command| command.received_at);
    let differences: Vec<_> = cases
        .iter()
        .filter_map(|(row, door)| {
            let at_the_door = |it: &&OpenCommand| it.lock_id.as_deref() == Some(&*door.lock);
            let observed = Observed {
                terminal: outbound.only_terminal(&door.object),
                commands: commands.iter().filter(at_the_door).collect(),
                openings: openings.iter().filter(|it| it.lock_id == door.lock).count(),
            };
            check(row, door, &observed)
        })
        .collect();
    let count = differences.len();
    assert!(count == 0, "{count} of {} rows:\n{}", cases.len(), differences.join("\n"));
}

fn request(site: &RowSite, id: &str, object: &str, expires_at: &str) -> Value {
    let members = json!({"object_id": object, "expires_at": expires_at});
    of(site, open_request(id, "B-1"), &members)
}

/// The event for the site's integration, with these members of its data.
fn of(site: &RowSite, mut event: Value, members: &Value) -> Value {
    event["data"]["integration_id"] = site.name().into();
    for (name, value) in members.as_object().expect("members are an object") {
        event["data"][name] = value.clone();
    }
    event
}
