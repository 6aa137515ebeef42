//! The program to which events are posted.

use std::time::Duration;

use anyhow::Context;
use events::names;
use operations::one_line;
use publisher::Reconnect;
use reqwest::header::CONTENT_TYPE;
use salto::Http;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::cli::terminal::output::print_note;

/// How often an event is posted before it is given up: for some ten seconds.
pub(super) const LOST_AFTER: u32 = 6;

/// The time limit of one post.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts events to a URL, which is never printed: it may contain a token.
pub(super) struct Receiver {
    http: Http,
    url: Url,
    tries: u32,
}

/// What became of an event, as text.
pub(super) enum Posted {
    Taken(String),
    Lost(String),
}

impl Receiver {
    pub(super) fn new(url: Url, tries: u32) -> anyhow::Result<Self> {
        Ok(Self { http: Http::new()?, url, tries })
    }

    /// Posts the body of an event until it is taken, or has been posted often enough.
    pub(super) async fn post(&self, body: &[u8]) -> Posted {
        let mut delays = Reconnect::new();
        let mut tries = 1;
        loop {
            let started = Instant::now();
            match self.post_once(body).await {
                Ok(status) => {
                    let millis = started.elapsed().as_millis();
                    return Posted::Taken(format!("{status}, {millis} ms"));
                }
                Err(error) if tries >= self.tries => return Posted::Lost(one_line(&error)),
                Err(error) => {
                    let delay = delays.next_delay();
                    print_note(&format!(
                        "not taken: {}; posting again in {} ms",
                        one_line(&error),
                        delay.as_millis()
                    ));
                    sleep(delay).await;
                }
            }
            tries += 1;
        }
    }

    /// The status with which the event was taken.
    async fn post_once(&self, body: &[u8]) -> anyhow::Result<u16> {
        let request = self.http.client().post(self.url.clone()).timeout(TIMEOUT);
        let request = request.header(CONTENT_TYPE, names::CONTENT_TYPE).body(body.to_vec());
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        let status = answer.context("no answer")?.status();
        anyhow::ensure!(status.is_success(), "the answer is {}", status.as_u16());
        Ok(status.as_u16())
    }
}
