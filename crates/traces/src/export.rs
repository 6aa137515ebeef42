//! How batches of spans reach the collector.
//!
//! OpenTelemetry's batch processor exports in a thread of its own, from a queue of limited length; spans that do not fit
//! are dropped. The client here has a runtime of its own in that thread: whatever the collector does, the tasks that open
//! doors do not wait for it.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::{Builder, Runtime};

/// The limit of an answer's length, in bytes. It says at most which spans were rejected.
const BODY_LIMIT: usize = 64 * 1024;

/// The client of the collector.
pub(super) struct CollectorClient {
    client: reqwest::Client,
    timeout: Duration,
    runtime: Runtime,
    /// Whether the last batch was not taken.
    failing: AtomicBool,
}

impl CollectorClient {
    /// `timeout`: how long an answer may take.
    pub(super) fn new(client: reqwest::Client, timeout: Duration) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client, timeout, runtime, failing: AtomicBool::new(false) })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(self.timeout);
        let mut answer = self.client.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            let space = BODY_LIMIT - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(space)]);
            if chunk.len() > space {
                break;
            }
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// Says in the log when exporting begins to fail, and when it works again.
    fn note(&self, failure: Option<&dyn fmt::Display>) {
        let failed_before = self.failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !failed_before => tracing::warn!(%error, "traces not exported"),
            None if failed_before => tracing::info!("traces exported again"),
            Some(_) | None => {}
        }
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // This blocks the exporter's thread, which has nothing else to do.
        match self.runtime.block_on(self.exchange(request)) {
            Ok(response) if response.status().is_success() => {
                self.note(None);
                Ok(response)
            }
            Ok(response) => {
                self.note(Some(&format_args!("the collector answers {}", response.status())));
                Ok(response)
            }
            Err(error) => {
                // The address may contain a secret.
                let error = error.without_url();
                self.note(Some(&root(&error)));
                Err(error.into())
            }
        }
    }
}

/// The innermost error, as "connection refused".
fn root(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorClient").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
