//! A collector of traces: it takes batches of spans by OTLP over HTTP, or leaves them without an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as ProtoSpan;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::deadline::until;

/// A span as it was received. Ids are in hexadecimal digits; no parent is an empty text.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub links: Vec<String>,
    pub name: String,
    /// 3: client, 4: producer, 5: consumer.
    pub kind: i32,
    /// 2: error.
    pub status: i32,
    pub attributes: BTreeMap<String, String>,
    /// The attributes of the service.
    pub resource: BTreeMap<String, String>,
    pub events: usize,
}

#[derive(Debug, Default)]
struct Received {
    spans: Vec<Span>,
    bodies: Vec<Bytes>,
    headers: Vec<HeaderMap>,
}

/// Stops when it is dropped.
#[derive(Debug)]
pub struct Collector {
    url: String,
    received: Arc<Mutex<Received>>,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    /// One that takes every batch.
    pub async fn start() -> Self {
        Self::with(false).await
    }

    /// One that takes the connection and the batch, and never answers.
    pub async fn that_hangs() -> Self {
        Self::with(true).await
    }

    async fn with(hangs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let received = Arc::new(Mutex::new(Received::default()));
        let take = async move |State(received): State<Arc<Mutex<Received>>>,
                               headers: HeaderMap,
                               body: Bytes| {
            received.lock().expect("no holder panics").take(headers, body);
            if hangs {
                std::future::pending::<()>().await;
            }
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the collector serves");
        });
        Self { url, received, serving }
    }

    /// The address, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The spans of a trace, once `enough` of them have arrived.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn trace(
        &self,
        trace: &str,
        limit: Duration,
        enough: impl Fn(&[Span]) -> bool,
    ) -> Vec<Span> {
        until("the spans of the trace", limit, async || {
            let spans: Vec<_> = self.spans().into_iter().filter(|it| it.trace == trace).collect();
            enough(&spans).then_some(spans)
        })
        .await
    }

    /// All spans that have arrived.
    pub fn spans(&self) -> Vec<Span> {
        self.received.lock().expect("no holder panics").spans.clone()
    }

    /// All that was received, as it came.
    pub fn bodies(&self) -> Vec<Bytes> {
        self.received.lock().expect("no holder panics").bodies.clone()
    }

    /// The headers of each batch.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.received.lock().expect("no holder panics").headers.clone()
    }
}

impl Received {
    fn take(&mut self, headers: HeaderMap, body: Bytes) {
        let batch = ExportTraceServiceRequest::decode(body.clone()).expect("a batch of spans");
        for of_resource in batch.resource_spans {
            let resource = attributes(of_resource.resource.unwrap_or_default().attributes);
            let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.extend(spans.map(|it| span(it, resource.clone())));
        }
        self.bodies.push(body);
        self.headers.push(headers);
    }
}

fn span(span: ProtoSpan, resource: BTreeMap<String, String>) -> Span {
    Span {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
        name: span.name,
        kind: span.kind,
        status: span.status.map_or(0, |status| status.code),
        attributes: attributes(span.attributes),
        resource,
        events: span.events.len(),
    }
}

fn attributes(list: Vec<KeyValue>) -> BTreeMap<String, String> {
    list.into_iter().map(|it| (it.key, it.value.map_or_else(String::new, text))).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
