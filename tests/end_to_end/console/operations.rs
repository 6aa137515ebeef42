//! The console's API for what operators do: dead letters, explanations, IQs and openings.

use end_to_end::console::{Console, add_access};
use end_to_end::deadline::{SOON, until_true, within};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, SOURCE};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

const OPERATOR: &str = "operator";
const VIEWER: &str = "viewer";
/// May do everything at an integration that is not that of the tests.
const ELSEWHERE: &str = "elsewhere";

/// A console, and the programs that use its API.
struct Api {
    console: Console,
    tokens: Vec<(String, String)>,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn is(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// Asserts that it is this problem, whose detail contains this text.
    #[track_caller]
    fn refused(self, status: u16, why: &str) {
        let body = self.is(status);
        let detail = body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(why), "{why:?} in {body}");
    }
}

impl Api {
    async fn start(setup: &mut Setup) -> Self {
        let tokens = add_access(setup).await.tokens;
        Self { console: Console::start(setup, "console").await, tokens }
    }

    /// A request of this user's program.
    fn request(&self, method: Method, user: &str, path: &str) -> RequestBuilder {
        let (_, token) = self.tokens.iter().find(|(name, _)| name == user).expect("a user");
        self.console.request(method, &format!("/api/v1/{path}")).bearer_auth(token)
    }

    async fn call(&self, method: Method, user: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, user, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the console answers");
        let status = response.status();
        let body = response.json().await.expect("the answer is JSON");
        Answer { status, body }
    }

    async fn get(&self, user: &str, path: &str) -> Answer {
        self.call(Method::GET, user, path, None).await
    }

    async fn post(&self, user: &str, path: &str, body: Value) -> Answer {
        self.call(Method::POST, user, path, Some(body)).await
    }

    /// The last state of a job, from the stream of its states.
    async fn ended(&self, user: &str, job: &Value) -> Value {
        let id = job["id"].as_str().expect("a job has an id");
        let request = self.request(Method::GET, user, &format!("jobs/{id}/events")).send();
        let stream = async { request.await.expect("a stream").text().await.expect("it ends") };
        let events = within("the end of the job", SOON * 2, stream).await;
        let states = events.lines().filter_map(|line| line.strip_prefix("data: "));
        let states: Vec<Value> = states.map(|it| serde_json::from_str(it).expect("JSON")).collect();
        let last = states.last().expect("a state").clone();
        assert_eq!(self.get(user, &format!("jobs/{id}")).await.is(200), last);
        last
    }
}

fn of_iq(what: &str) -> String {
    format!("integrations/{INTEGRATION}/iqs/{IQ_GROUND_FLOOR}/{what}")
}

#[tokio::test]
async fn dead_letters_are_listed_shown_replayed_and_dropped() {
    let mut setup = Setup::unactivated().await;
    let api = Api::start(&mut setup).await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.open("R-1", BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;

    let list = api.get(VIEWER, "dead-letters").await.is(200);
    assert_eq!(
        (&list["count"], &list["groups"][0]["reason"]),
        (&json!(1), &json!("iq_not_activated"))
    );
    let letter = &list["letters"][0];
    assert_eq!(
        (&letter["event_id"], &letter["if_replayed"]["prediction"]),
        (&json!("R-1"), &json!("outcome_known"))
    );
    let id = letter["id"].as_str().expect("an id is text");
    let filtered = api.get(VIEWER, "dead-letters?reason=malformed").await.is(200);
    assert_eq!(filtered["count"], 0);

    // The body may have personal data, and a replay changes something.
    api.get(VIEWER, &format!("dead-letters/{id}")).await.refused(403, "role operator");
    let selection = json!({"ids": [id]});
    api.post(VIEWER, "dead-letters/replay", selection.clone()).await.refused(403, "operator");
    let shown = api.get(OPERATOR, &format!("dead-letters/{id}")).await.is(200);
    assert!(shown["body"].as_str().is_some_and(|body| body.contains("R-1")), "{shown}");

    // Letters of other integrations do not exist.
    assert_eq!(api.get(ELSEWHERE, "dead-letters").await.is(200)["count"], 0);
    let query = format!("dead-letters?integration={INTEGRATION}");
    api.get(ELSEWHERE, &query).await.refused(404, "that you may see");
    api.get(ELSEWHERE, &format!("dead-letters/{id}")).await.refused(404, "no dead letter");
    let job = api.post(ELSEWHERE, "dead-letters/replay", selection.clone()).await.is(202);
    let ended = api.ended(ELSEWHERE, &job).await;
    assert_eq!((&ended["status"], &ended["results"]), (&json!("failed"), &json!({})), "{ended}");
    let job_path = format!("jobs/{}", job["id"].as_str().expect("an id"));
    api.get(OPERATOR, &job_path).await.refused(404, "no job");

    for wrong in [json!({}), json!({"ids": [id], "all": true}), json!({"all": 1})] {
        assert_eq!(api.post(OPERATOR, "dead-letters/replay", wrong).await.status, 400);
    }
    let job = api.post(OPERATOR, "dead-letters/replay", selection).await.is(202);
    let ended = api.ended(OPERATOR, &job).await;
    assert_eq!((&ended["status"], &ended["results"]), (&json!("done"), &json!({"replayed": 1})));
    fixture.wait_until_settled("open-requests", 2).await;
    assert_eq!(fixture.outbound.terminals()["R-1"].len(), 2, "the answer is published again");
    dropped(fixture, api).await;
}

/// Drops a malformed letter: not without a folder for its file.
async fn dropped(fixture: Fixture, api: Api) {
    let all = json!({"all": true});
    api.post(OPERATOR, "dead-letters/drop", all.clone()).await.refused(409, "archive_folder");
    let Fixture { mut setup, bus, workers, outbound } = fixture;
    drop((api, outbound));
    let folder = setup.directory().join("archive");
    std::fs::create_dir(&folder).expect("a folder");
    setup.settings.set("console.archive_folder", folder.to_str().expect("text"));
    let api = Api::start(&mut setup).await;
    let before = workers[0].settled("booking-status").await;
    bus.booking(&json!("no event")).await;
    until_true("the dead letter", SOON, || async {
        workers[0].settled("booking-status").await > before
    })
    .await;
    let job = api.post(OPERATOR, "dead-letters/drop", json!({"filters": {"reason": "malformed"}}));
    let ended = api.ended(OPERATOR, &job.await.is(202)).await;
    assert_eq!((&ended["status"], &ended["results"]), (&json!("done"), &json!({"dropped": 1})));
    let files: Vec<_> = std::fs::read_dir(&folder).expect("the folder").flatten().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let line = std::fs::read_to_string(files[0].path()).expect("the file");
    let archived: Value = serde_json::from_str(&line).expect("one letter");
    assert_eq!(
        (&archived["reason"], &archived["body"]),
        (&json!("malformed"), &json!("\"no event\""))
    );
    let left = api.get(VIEWER, "dead-letters").await.is(200);
    assert_eq!(left["count"], 0, "{left}");
    let lines = setup.postern(&["audit", "--output", "json"]).await.stdout;
    let lines = String::from_utf8(lines).expect("text");
    let by = format!("\"operator\":\"{OPERATOR}\"");
    for action in ["replay-dead-letters", "drop-dead-letters"] {
        let is_it = |line: &&str| line.contains(action) && line.contains(&by);
        assert_eq!(lines.lines().filter(is_it).count(), 1, "{action} in {lines}");
    }
}

#[tokio::test]
async fn an_iq_is_activated_step_by_step_and_its_door_opened_with_a_reason() {
    let mut setup = Setup::unactivated().await;
    let api = Api::start(&mut setup).await;
    let list = format!("integrations/{INTEGRATION}/iqs");
    let iq = |list: Value| {
        let iqs = list["iqs"].as_array().expect("a list").clone();
        iqs.into_iter().find(|iq| iq["id"] == IQ_GROUND_FLOOR).expect("the IQ")
    };
    let listed = iq(api.get(VIEWER, &list).await.is(200));
    assert_eq!((&listed["state"], &listed["online"]), (&json!("not_activated"), &json!(true)));
    api.get(ELSEWHERE, &list).await.refused(404, "that you may see");

    api.post(VIEWER, &of_iq("activation"), json!({})).await.refused(403, "role operator");
    assert_eq!(setup.simulator.counters().await["calls"]["secret"].as_u64().unwrap_or(0), 0);
    let begun = api.post(OPERATOR, &of_iq("activation"), json!({"send_pin": "sms"})).await;
    let begun = begun.is(200);
    assert_eq!((&begun["step"], &begun["pin_sent_by"]), (&json!("enter_pin"), &json!("sms")));
    let pin = of_iq("activation/pin");
    api.post(OPERATOR, &pin, json!({"pin": "12"})).await.refused(400, "four digits");
    api.post(OPERATOR, &pin, json!({"pin": "9999"})).await.refused(409, "does not accept");
    let again = api.post(OPERATOR, &of_iq("activation"), json!({})).await.is(200);
    assert_eq!((&again["step"], &again["pin_sent_by"]), (&json!("enter_pin"), &Value::Null));
    let done = api.post(OPERATOR, &pin, json!({"pin": "6596"})).await.is(200);
    assert_eq!((&done["step"], &done["iq_name"]), (&json!("done"), &json!("iq-ground-floor")));
    assert_eq!(iq(api.get(VIEWER, &list).await.is(200))["state"], "activated");

    let probed = api.post(OPERATOR, &of_iq("probe"), json!({})).await.is(200);
    assert_eq!((&probed["answer"], &probed["state"]), (&json!("accepted"), &json!("activated")));
    let set = api.post(OPERATOR, &of_iq("pin"), json!({"pin": "0601"})).await.is(200);
    assert_eq!(set["changed"], true);
    let adopted = json!({"secret": "GroundFloorIq001", "pin": "0601"});
    let adoption = api.post(OPERATOR, &of_iq("adoption"), adopted).await;
    adoption.refused(409, "is activated here and works");

    let openings = format!("integrations/{INTEGRATION}/locks/{ROOM_12}/openings");
    api.post(OPERATOR, &openings, json!({"reason": " "})).await.refused(400, "the reason");
    api.post(VIEWER, &openings, json!({"reason": "proof"})).await.refused(403, "operator");
    assert_eq!(setup.simulator.openings().await.len(), 0);
    let opened = api.post(OPERATOR, &openings, json!({"reason": "proof"})).await.is(200);
    assert_eq!((&opened["outcome"], &opened["operator"]), (&json!("opened"), &json!(OPERATOR)));
    assert_eq!(setup.simulator.openings().await.len(), 1);
    let lines = setup.postern(&["audit", "--output", "json"]).await.stdout;
    let lines = String::from_utf8(lines).expect("text");
    assert!(!lines.contains("6596") && !lines.contains("0601"), "{lines}");
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let line = lines.last().expect("a line");
    assert_eq!((&line["operator"], &line["operator_reason"]), (&json!(OPERATOR), &json!("proof")));
    let outcomes = |action: &str| {
        let lines = lines.iter().filter(|line| line["action"] == action);
        lines.map(|line| line["outcome"].as_str().expect("text")).collect::<Vec<_>>()
    };
    assert_eq!(outcomes("begin-activation"), ["done", "done"]);
    // Each line is there before anything is sent; a second one says that it was refused.
    assert_eq!(outcomes("finish-activation"), ["done", "refused", "done"]);
    assert_eq!(outcomes("adopt-activation"), ["done", "refused"]);
}

#[tokio::test]
async fn what_was_begun_goes_on_where_the_caller_is_gone() {
    let mut setup = Setup::unactivated().await;
    let api = Api::start(&mut setup).await;
    api.post(OPERATOR, &of_iq("activation"), json!({})).await.is(200);
    let slow =
        json!({"call": "pin", "method": "PUT", "kind": "delay", "delay_ms": 2_000, "times": 1});
    setup.simulator.add_fault(slow).await;
    let request = api.request(Method::POST, OPERATOR, &of_iq("activation/pin"));
    let request = request.json(&json!({"pin": "6596"}));
    let calls = async || {
        let counters = setup.simulator.counters().await;
        counters["calls"]["pin"].as_u64().unwrap_or_default()
    };
    let before = calls().await;
    let sent = tokio::spawn(request.send());
    until_true("the call to Salto", SOON, || async { calls().await > before }).await;
    sent.abort();
    until_true("the activated IQ", SOON, || async {
        let list = api.get(VIEWER, &format!("integrations/{INTEGRATION}/iqs")).await.is(200);
        let iqs = list["iqs"].as_array().expect("a list").clone();
        iqs.iter().any(|iq| iq["id"] == IQ_GROUND_FLOOR && iq["state"] == "activated")
    })
    .await;
}

#[tokio::test]
async fn bookings_and_requests_are_explained_to_those_who_may_see_them() {
    let mut setup = Setup::new().await;
    let api = Api::start(&mut setup).await;
    let fixture = Fixture::new(setup, 1).await;
    let booking = format!("integrations/{INTEGRATION}/bookings/{BOOKING}/explanation");
    let explained = api.get(VIEWER, &booking).await.is(200);
    assert_eq!((&explained["decision"], &explained["lock_id"]), (&json!("open"), &json!(ROOM_12)));
    assert_eq!(explained["door"]["iq_id"], IQ_GROUND_FLOOR);
    let late = api.get(VIEWER, &format!("{booking}?at=2020-01-01T00:00:00Z")).await.is(200);
    assert_eq!(late["decision"], "too_early");
    api.get(ELSEWHERE, &booking).await.refused(404, "that you may see");

    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    for path in
        ["requests/R-1/explanation".to_owned(), format!("requests/R-1/explanation?source={SOURCE}")]
    {
        let explained = api.get(VIEWER, &path).await.is(200);
        assert_eq!(explained["request"]["outcome"]["type"], "lock.opened.v1");
        assert_eq!(explained["booking"]["booking_id"], BOOKING);
        api.get(ELSEWHERE, &path).await.refused(404, "that you may see");
    }
    api.get(VIEWER, "requests/R-2/explanation").await.refused(404, "\"R-2\"");
}

#[tokio::test]
async fn a_look_tries_no_rejected_credentials_again_and_a_command_does() {
    let mut setup = Setup::unactivated().await;
    setup.settings.set_integration("password", "wrong");
    let api = Api::start(&mut setup).await;
    let list = format!("integrations/{INTEGRATION}/iqs");
    for _ in 0..4 {
        api.get(VIEWER, &list).await.refused(409, "invalid_grant");
    }
    assert_eq!(setup.simulator.token_requests().await, (0, 1));
    api.post(OPERATOR, &of_iq("probe"), json!({})).await.refused(409, "invalid_grant");
    assert_eq!(setup.simulator.token_requests().await, (0, 2));
}

#[tokio::test]
async fn the_access_is_tested_and_sites_and_locks_are_listed() {
    let mut setup = Setup::new().await;
    let api = Api::start(&mut setup).await;
    let of = |what: &str| format!("integrations/{INTEGRATION}/{what}");
    api.post(VIEWER, &of("access-test"), json!({})).await.refused(403, "role operator");
    let test = api.post(OPERATOR, &of("access-test"), json!({})).await.is(200);
    let level = |check: &str| {
        let findings = test["findings"].as_array().expect("a list");
        findings.iter().find(|it| it["check"] == check).map(|it| it["level"].clone())
    };
    assert_eq!(level("salto.sign_in"), Some(json!("ok")), "{test}");
    assert_eq!(level("salto.site"), Some(json!("ok")), "{test}");

    let list = api.get(VIEWER, &of("locks")).await.is(200);
    let locks = list["locks"].as_array().expect("a list");
    let room = locks.iter().find(|lock| lock["id"] == ROOM_12).expect("the lock");
    assert_eq!((&room["name"], &room["objects"]), (&json!("room-12"), &json!(["room-12"])));
    assert_eq!(list["missing"], json!(["00000000-0000-4000-8000-000000000bad"]));
    api.get(ELSEWHERE, &of("locks")).await.refused(404, "that you may see");

    // Other sites may be of other customers.
    api.get(OPERATOR, &of("sites")).await.refused(403, "role admin");
    let sites = api.get("admin", &of("sites")).await.is(200);
    assert!(sites.to_string().contains("NL6254340082"), "{sites}");
}
