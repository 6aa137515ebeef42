//! The routes of what operators do.

use axum::http::StatusCode;
use config::Role::{Admin, Operator, Viewer};

use super::{
    described::Described,
    route::{
        Access::{Integration, Role},
        Route,
    },
};
use crate::{
    api::{activation, dead_letters, explanations, iqs, jobs, openings, site},
    jobs::JobState,
};
use operations::{
    activation::ProbeResult, dead_letters::ShownLetter, explain::Explanation,
    opening::OpeningResult,
};

const REFUSED: &str =
    "RabbitMQ, Redis, Salto or the state of things does not allow it: `detail` says what to do.";
const STATE: &str = "The state, and the next step.";
const IQ: &str = "The id of the IQ at Salto, or its name where that is unique.";
const FORCE: &str = "Fails while Salto has asked for a pause, and, without `force`, while the user is blocked at the IQ \
     or could be blocked by one more rejection.";

/// The routes, each with who may use it.
pub(super) fn table() -> Vec<Route> {
    let mut table = of_dead_letters();
    table.extend(of_jobs());
    table.extend(of_explanations());
    table.extend(of_site());
    table.extend(of_iqs());
    table.extend(of_activations());
    table.extend(of_activated_iqs());
    table
}

fn of_dead_letters() -> Vec<Route> {
    let new = |id, summary| {
        Described::new("Dead letters", id, summary).refuses(StatusCode::CONFLICT, REFUSED)
    };
    vec![
        Route::get("/api/v1/dead-letters", Role(Viewer), dead_letters::list).described(
            new("listDeadLetters", "Dead letters, with what replays would come to")
                .text("Changes nothing. Those that belong to no integration are seen by callers that may see all.")
                .query::<dead_letters::LetterQuery>()
                .refuses(StatusCode::NOT_FOUND, "There is no such integration that the caller may see.")
                .answers::<dead_letters::LetterList>(StatusCode::OK, "By reason, and each of the first."),
        ),
        Route::get("/api/v1/dead-letters/{letter}", Role(Operator), dead_letters::show).described(
            new("getDeadLetter", "One complete dead letter")
                .text("Its body may contain personal data.")
                .parameter("letter", "Its id, as the list has it.")
                .answers::<ShownLetter>(StatusCode::OK, "The letter, and what a replay would come to."),
        ),
        Route::post("/api/v1/dead-letters/replay", Role(Operator), dead_letters::replay).described(
            new("replayDeadLetters", "Publish dead letters to their original queues")
                .text("A request opens at most once: a replayed one whose outcome is known has it published again, an expired one opens nothing.")
                .takes::<dead_letters::LetterSelection>()
                .answers::<JobState>(StatusCode::ACCEPTED, "The job; `Location` is its address."),
        ),
        Route::post("/api/v1/dead-letters/drop", Role(Operator), dead_letters::drop).described(
            new("dropDeadLetters", "Write dead letters to a file of the console, and remove them")
                .text("Needs `console.archive_folder`.")
                .takes::<dead_letters::LetterSelection>()
                .answers::<JobState>(StatusCode::ACCEPTED, "The job; `Location` is its address."),
        ),
    ]
}

fn of_jobs() -> Vec<Route> {
    let new = |id, summary| {
        Described::new("Jobs", id, summary)
            .parameter("job", "Its id, from the answer that began it.")
    };
    let path = "/api/v1/jobs/{job}";
    vec![
        Route::get(path, Role(Viewer), jobs::get).described(
            new("getJob", "How far long work has come")
                .text("A job is seen by who began it, and by admins of all integrations; each console has its own.")
                .answers::<JobState>(StatusCode::OK, "Its state."),
        ),
        Route::delete(path, Role(Operator), jobs::stop).described(
            new("stopJob", "Start no further step of a job")
                .answers::<JobState>(StatusCode::ACCEPTED, "Its state now."),
        ),
        Route::get("/api/v1/jobs/{job}/events", Role(Viewer), jobs::events).described(
            new("watchJob", "The states of a job, as they come, until it ends")
                .answers_with("text/event-stream", "Events named `job`, whose data is the state."),
        ),
    ]
}

fn of_explanations() -> Vec<Route> {
    let new = |id, summary| {
        Described::new("Explanations", id, summary).refuses(StatusCode::CONFLICT, REFUSED)
    };
    vec![
        Route::get(
            "/api/v1/integrations/{integration}/bookings/{booking}/explanation",
            Integration(Viewer),
            explanations::of_booking,
        )
        .described(
            new("explainBooking", "Whether a door of a booking would open, and why")
                .parameter("booking", "The id of the booking.")
                .query::<explanations::BookingQuery>()
                .answers::<Explanation>(StatusCode::OK, "The rules, the booking and the door."),
        ),
        Route::get("/api/v1/requests/{request}/explanation", Role(Viewer), explanations::of_request)
            .described(
                new("explainRequest", "Why a door opened or did not open")
                    .text("A request without an outcome is seen by callers that may see all integrations: its record does not say whose it is.")
                    .parameter("request", "The id of the open request's event.")
                    .query::<explanations::RequestQuery>()
                    .answers::<Explanation>(StatusCode::OK, "The record, the rules, the booking and the door."),
            ),
    ]
}

fn of_site() -> Vec<Route> {
    let new =
        |id, summary| Described::new("Site", id, summary).refuses(StatusCode::CONFLICT, REFUSED);
    vec![
        Route::post(
            "/api/v1/integrations/{integration}/access-test",
            Integration(Operator),
            site::test_access,
        )
        .described(
            new("testAccess", "Test whether the account can open the doors")
                .text("The checks of `postern doctor` for one integration: sign-in, site, rights, IQs, mapping and doors. No door opens. Credentials that Salto has rejected are tried again.")
                .answers::<site::AccessTest>(StatusCode::OK, "What was checked, each with the next step."),
        ),
        Route::get("/api/v1/integrations/{integration}/sites", Integration(Admin), site::sites)
            .described(
                new("listSites", "The sites that the account can see")
                    .text("One of them is the integration's `site_uid`. The others may be of other customers.")
                    .answers::<site::SiteList>(StatusCode::OK, "From Salto, now."),
            ),
        Route::get("/api/v1/integrations/{integration}/locks", Integration(Viewer), site::locks)
            .described(
                new("listLocks", "The locks of the site, with what is mapped to each")
                    .answers::<site::LockList>(StatusCode::OK, "From Salto's list, and the mapping."),
            ),
    ]
}

fn of_iqs() -> Vec<Route> {
    vec![
        Route::get("/api/v1/integrations/{integration}/iqs", Integration(Viewer), iqs::list)
            .described(
                Described::new("IQs", "listIqs", "The IQs of the site, each with its next step")
                    .refuses(StatusCode::CONFLICT, REFUSED)
                    .answers::<iqs::IqList>(StatusCode::OK, "From Salto's list, and what postern has stored."),
            ),
        Route::post(
            "/api/v1/integrations/{integration}/locks/{lock}/openings",
            Integration(Operator),
            openings::open,
        )
        .described(
            Described::new("Locks", "openLock", "Open a door once")
                .text(&format!("For everybody who stands at it. The line of the audit has the caller and the reason. Nothing is tried a second time. {FORCE}"))
                .parameter("lock", "The id of the lock at Salto, or its name where that is unique.")
                .takes::<openings::OpenDoor>()
                .refuses(StatusCode::CONFLICT, REFUSED)
                .answers::<OpeningResult>(StatusCode::OK, "What became of the command."),
        ),
    ]
}

/// An operation on one IQ.
fn of_iq(id: &'static str, summary: &'static str) -> Described {
    Described::new("IQs", id, summary).parameter("iq", IQ).refuses(StatusCode::CONFLICT, REFUSED)
}

fn of_activations() -> Vec<Route> {
    vec![
        Route::post(
            "/api/v1/integrations/{integration}/iqs/{iq}/activation",
            Integration(Operator),
            activation::begin,
        )
        .described(
            of_iq("beginActivation", "Begin the activation of an IQ, or go on with it")
                .text("Stores the secret, which Salto gives out once, and has Salto send the PIN to the account's user.")
                .takes::<activation::BeginActivation>()
                .answers::<activation::ActivationState>(StatusCode::OK, STATE),
        ),
        Route::post(
            "/api/v1/integrations/{integration}/iqs/{iq}/activation/pin",
            Integration(Operator),
            activation::enter_pin,
        )
        .described(
            of_iq("finishActivation", "Have Salto check the PIN: then the IQ is activated")
                .text(FORCE)
                .takes::<activation::EnterPin>()
                .answers::<activation::ActivationState>(StatusCode::OK, STATE),
        ),
    ]
}

fn of_activated_iqs() -> Vec<Route> {
    vec![
        Route::post(
            "/api/v1/integrations/{integration}/iqs/{iq}/adoption",
            Integration(Operator),
            activation::adopt,
        )
        .described(
            of_iq("adoptActivation", "Store a secret and a PIN that are known from another program")
                .text(FORCE)
                .takes::<activation::Adopt>()
                .answers::<activation::ActivationState>(StatusCode::OK, STATE),
        ),
        Route::post(
            "/api/v1/integrations/{integration}/iqs/{iq}/pin",
            Integration(Operator),
            activation::set_pin,
        )
        .described(
            of_iq("setPin", "Give an activated IQ another PIN")
                .text(&format!("After a change of the PIN, Salto's cloud and the IQ have been seen to disagree about it: do it only where it must be. {FORCE}"))
                .takes::<activation::SetPin>()
                .answers::<activation::PinSet>(StatusCode::OK, "Whether it was another one before."),
        ),
        Route::post(
            "/api/v1/integrations/{integration}/iqs/{iq}/probe",
            Integration(Operator),
            activation::probe_iq,
        )
        .described(
            of_iq("probeIq", "Have Salto's cloud check a one-time password, without touching a door")
                .text(FORCE)
                .takes::<activation::Probe>()
                .answers::<ProbeResult>(StatusCode::OK, "Salto's answer, and what it means."),
        ),
    ]
}
