//! Traces by OTLP: from the publisher's span over the command to Salto to the answer, without secrets; and a collector that
//! is dead delays nothing.

use std::time::{Duration, Instant};

use end_to_end::collector::{Collector, Span};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, open_request};
use end_to_end::ports::free_port;
use end_to_end::setup::Setup;
use end_to_end::simulator::{ROOM_12, SECRETS};
use serde_json::Value;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PUBLISHER: &str = "b7ad6b7169203331";

const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
const ERROR: i32 = 2;

/// One worker with these variables, which exports often.
async fn fixture(endpoint: &str, variables: &[(&str, &str)]) -> Fixture {
    let setup = Setup::new().await;
    let mut command = setup.worker("worker").env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    command = command.env("OTEL_BSP_SCHEDULE_DELAY", "50");
    for (name, value) in variables {
        command = command.env(name, value);
    }
    let worker = command.start().await;
    Fixture::of(setup, vec![worker]).await
}

fn traced(id: &str, trace: &str, flags: &str) -> Value {
    let mut request = open_request(id, BOOKING);
    request["traceparent"] = format!("00-{trace}-{PUBLISHER}-{flags}").into();
    request
}

fn named<'a>(spans: &'a [Span], name: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name)
}

fn assert_has(span: &Span, attributes: &[(&str, &str)]) {
    for (key, value) in attributes {
        assert_eq!(
            span.attributes.get(*key).map(String::as_str),
            Some(*value),
            "{key} of {span:#?}"
        );
    }
}

const PROCESS: &str = "process postern.open-requests";
const CREATE: &str = "create postern.outbound";
const SEND: &str = "send postern.outbound";

#[tokio::test]
async fn one_trace_leads_from_the_publisher_to_the_answer() {
    let collector = Collector::start().await;
    let variables = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=for-the-collector"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let fixture = fixture(collector.url(), &variables).await;
    let opened = fixture.answer_to(&traced("R-1", TRACE, "01")).await;
    let all = [PROCESS, "PATCH", CREATE, SEND];
    let complete = |spans: &[Span]| all.iter().all(|name| named(spans, name).is_some());
    let spans = collector.trace(TRACE, SOON, complete).await;
    let [process, patch] = [PROCESS, "PATCH"].map(|name| named(&spans, name).expect(name));
    let of_answer = |span: &&Span| span.attributes["cloudevents.event_type"] == "lock.opened.v1";
    let [create, send] = [CREATE, SEND].map(|name| {
        let spans = spans.iter().filter(|span| span.name == name);
        spans.into_iter().find(of_answer).expect(name)
    });

    assert_begins(&fixture, process, patch);
    assert_eq!((&create.parent, create.kind), (&process.id, PRODUCER));
    assert_eq!(opened.body["traceparent"], format!("00-{TRACE}-{}-01", create.id));
    assert_eq!((&send.parent, send.kind), (&process.id, CLIENT));
    assert_eq!(send.links, std::slice::from_ref(&create.id));
    assert_has(
        send,
        &[
            ("messaging.destination.name", "postern.outbound"),
            ("messaging.rabbitmq.destination.routing_key", "lock.opened.acme-utrecht"),
            ("messaging.message.id", opened.body["id"].as_str().expect("an id is text")),
        ],
    );
    assert_of_service(&spans);
    assert!(collector.headers().iter().all(|it| it["x-collector-key"] == "for-the-collector"));

    // A later delivery publishes the same answer, in a span of its own.
    let again = fixture.answer_to(&traced("R-1", TRACE, "01")).await;
    assert_eq!(again.body, opened.body);
    let of_answer = |spans: &[Span], name: &str| -> Vec<Span> {
        spans.iter().filter(|span| span.name == name).filter(of_answer).cloned().collect()
    };
    let twice = |spans: &[Span]| of_answer(spans, SEND).len() == 2;
    let spans = collector.trace(TRACE, SOON, twice).await;
    assert_eq!(of_answer(&spans, CREATE).len(), 1);
    assert!(of_answer(&spans, SEND).iter().all(|it| it.links == send.links));
    // The next command needs a new token.
    fixture.setup.simulator.revoke_tokens().await;
    fixture.open("R-2", BOOKING).await;
    let has_token_call = async || named(&collector.spans(), "POST").is_some();
    until_true("the call for a token", SOON, has_token_call).await;
    assert_without_secrets(&fixture, &collector);
}

/// The spans of handling the request and of its command.
fn assert_begins(fixture: &Fixture, process: &Span, patch: &Span) {
    assert_eq!((process.parent.as_str(), process.kind), (PUBLISHER, CONSUMER));
    assert_has(
        process,
        &[
            ("messaging.system", "rabbitmq"),
            ("messaging.operation.type", "process"),
            ("messaging.destination.name", "postern.inbound"),
            ("messaging.destination.subscription.name", "postern.open-requests"),
            ("messaging.rabbitmq.destination.routing_key", "lock.open-request"),
            ("messaging.message.id", "R-1"),
            ("cloudevents.event_id", "R-1"),
            ("cloudevents.event_source", "/booking-system"),
            ("cloudevents.event_type", "lock.open-request.v1"),
            ("postern.integration_id", INTEGRATION),
            ("postern.booking_id", BOOKING),
            ("postern.decision", "opened"),
            ("postern.attempts", "1"),
        ],
    );
    assert_eq!((&patch.parent, patch.kind), (&process.id, CLIENT));
    let path = format!("/locks/{ROOM_12}/locking");
    assert!(patch.attributes["url.full"].ends_with(&path), "{patch:#?}");
    let port = fixture.setup.simulator.url().rsplit(':').next().expect("it has a port");
    assert_has(
        patch,
        &[
            ("http.request.method", "PATCH"),
            ("http.response.status_code", "200"),
            ("server.address", "127.0.0.1"),
            ("server.port", port),
        ],
    );
}

fn assert_of_service(spans: &[Span]) {
    for span in spans {
        assert_eq!((span.status, span.events), (0, 0), "{span:#?}");
        assert_eq!(span.resource["service.name"], "postern");
        assert_eq!(span.resource["deployment.environment.name"], "test");
        assert_eq!(span.resource["service.version"], env!("CARGO_PKG_VERSION"));
    }
}

/// Neither in the spans, nor of the spans in the log.
fn assert_without_secrets(fixture: &Fixture, collector: &Collector) {
    let bodies = collector.bodies();
    let secrets = SECRETS.iter().chain(&[
        "demo-client-secret",
        "demo-password",
        "for-the-collector",
        "Bearer ",
        "otp=",
    ]);
    for secret in secrets {
        let found = bodies.iter().any(|body| {
            body.windows(secret.len()).any(|part| part.eq_ignore_ascii_case(secret.as_bytes()))
        });
        assert!(!found, "{secret} is in a span");
    }
    let log = fixture.workers[0].log();
    assert!(!log.contains("cloudevents.event_id") && !log.contains("url.full"), "{log}");
}

#[tokio::test]
async fn failures_are_errors_and_what_is_not_sampled_is_not_exported() {
    let collector = Collector::start().await;
    let fixture = fixture(collector.url(), &[]).await;
    let fault = serde_json::json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    let failed = fixture.answer_to(&traced("R-1", TRACE, "01")).await;
    assert_eq!(failed.text("reason"), "otp_blocked");
    let ended = |spans: &[Span]| named(spans, PROCESS).is_some();
    let spans = collector.trace(TRACE, SOON, ended).await;
    let process = named(&spans, PROCESS).expect("it is there");
    assert_eq!(process.status, ERROR);
    assert_has(process, &[("postern.reason", "otp_blocked"), ("error.type", "otp_blocked")]);
    let patch = named(&spans, "PATCH").expect("it ended before");
    assert_eq!(patch.status, ERROR);
    assert_has(patch, &[("http.response.status_code", "403"), ("error.type", "403")]);

    // The publisher's decision not to sample holds, and the answer goes on with it.
    let other = "1bf7651916cd43dd8448eb211c80319c";
    let answer = fixture.answer_to(&traced("R-2", other, "00")).await;
    let traceparent = answer.body["traceparent"].as_str().expect("it has one");
    assert!(traceparent.starts_with(&format!("00-{other}-")) && traceparent.ends_with("-00"));
    // A request without a trace begins one.
    let answer = fixture.open("R-3", BOOKING).await;
    let traceparent = answer.body["traceparent"].as_str().expect("it has one").to_owned();
    let own = traceparent.split('-').nth(1).expect("a trace");
    let spans = collector.trace(own, SOON, ended).await;
    assert_eq!(named(&spans, PROCESS).map(|it| it.parent.as_str()), Some(""));
    assert!(fixture.workers[0].stop(SOON).await.success());
    assert!(collector.spans().iter().all(|span| span.trace != other));
}

#[tokio::test]
async fn nothing_is_exported_where_opentelemetry_is_disabled() {
    let collector = Collector::start().await;
    let fixture = fixture(collector.url(), &[("OTEL_SDK_DISABLED", "true")]).await;
    let request = traced("R-1", TRACE, "01");
    let opened = fixture.answer_to(&request).await;
    assert_eq!(opened.body["traceparent"], request["traceparent"], "as it came");
    assert!(fixture.workers[0].stop(SOON).await.success());
    assert_eq!(collector.bodies().len(), 0);
}

/// Opens doors, and returns how long the slowest took.
async fn open_doors(fixture: &Fixture, from: usize, count: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in from..from + count {
        let started = Instant::now();
        assert_eq!(fixture.open(&format!("R-{number}"), BOOKING).await.kind, "lock.opened.v1");
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

#[tokio::test]
async fn a_collector_that_hangs_delays_no_door_takes_no_memory_and_delays_no_stop() {
    let collector = Collector::that_hangs().await;
    let fixture = fixture(collector.url(), &[("OTEL_BSP_MAX_QUEUE_SIZE", "50")]).await;
    let worker = &fixture.workers[0];
    let before = open_doors(&fixture, 0, 10).await;
    until_true("the first batch", SOON, async || !collector.bodies().is_empty()).await;
    // Far more spans than the queue has room for.
    let after = open_doors(&fixture, 10, 100).await;
    assert!(after < before.max(Duration::from_millis(200)) * 5, "{before:?}, then {after:?}");
    assert_eq!(collector.bodies().len(), 1, "the first batch is still without an answer");

    let stopping = Instant::now();
    assert!(worker.stop(SOON).await.success());
    assert!(stopping.elapsed() < Duration::from_secs(3), "{:?}", stopping.elapsed());
}

#[tokio::test]
async fn a_collector_that_is_away_or_a_wrong_variable_is_only_logged() {
    let away = format!("http://127.0.0.1:{}", free_port());
    let with_away = fixture(&away, &[]).await;
    open_doors(&with_away, 0, 1).await;
    with_away.workers[0].wait_for_log("traces not exported", SOON).await;

    let collector = Collector::start().await;
    let with_grpc = fixture(collector.url(), &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).await;
    open_doors(&with_grpc, 0, 1).await;
    with_grpc.workers[0].wait_for_log("no traces are exported", SOON).await;
    assert!(with_grpc.workers[0].log().contains("http/protobuf"), "it says what is allowed");
}
