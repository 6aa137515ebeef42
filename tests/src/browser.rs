//! A real browser: Chromium without windows, over chromedriver. `deploy/browser.sh` has what it needs.

use crate::deadline::{SOON, until, until_true, within};
use crate::http;
use crate::ports::free_port;
use crate::processes::Process;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The first run downloads the browser.
const STARTED: Duration = Duration::from_secs(240);

/// The width of a phone, and that of a desk.
pub const NARROW: u32 = 390;
/// See [`NARROW`].
pub const WIDE: u32 = 1280;

/// The height of a picture, at most, in pixels.
const TALLEST: f64 = 1400.0;

/// The colours that a reader prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// As CSS and file names have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    session: String,
    // Dropped last: it ends the browser too.
    _driver: Process,
}

impl Browser {
    /// Starts one; chromedriver logs to `directory`.
    pub async fn start(directory: &Path) -> Self {
        let chromium = tool("chromium").await;
        let port = free_port();
        let mut command = script();
        let driver = Process::start(
            "chromedriver",
            directory,
            command.args(["driver", &port.to_string()]).env("TMPDIR", directory),
        );
        let url = format!("http://127.0.0.1:{port}");
        until_true("chromedriver to serve", SOON, || async {
            assert!(driver.status().is_none(), "chromedriver ended:\n{}", driver.log());
            let status = http::client().get(format!("{url}/status")).send();
            status.await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        // Over a pipe, so that the browser ends with chromedriver however that ends. Root may run it only without its
        // sandbox.
        let arguments =
            ["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-pipe"];
        let options = json!({"binary": chromium, "args": arguments});
        let capabilities = json!({"goog:chromeOptions": options});
        let Value::Object(capabilities) = capabilities else { unreachable!("an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&url)
            .await
            .unwrap_or_else(|error| {
                panic!("the browser does not start: {error}\n{}", driver.log())
            });
        let id = client.session_id().await.expect("a session").expect("it has an id");
        let session = format!("{url}/session/{id}");
        let browser = Self { client, session, _driver: driver };
        browser.look(WIDE, Theme::Light).await;
        browser
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        within("the page", SOON, self.client.goto(url)).await.expect("the page loads");
    }

    /// The page's address.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("the page has an address").to_string()
    }

    /// From now on the page has this width, and these colours are preferred.
    pub async fn look(&self, width: u32, theme: Theme) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
        let preferred = json!({"name": "prefers-color-scheme", "value": theme.name()});
        self.command("Emulation.setEmulatedMedia", json!({"features": [preferred]})).await;
    }

    /// Waits for an element, by a CSS selector.
    pub async fn element(&self, selector: &str) -> Element {
        let found = self.client.wait().at_most(SOON).for_element(Locator::Css(selector)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error}\n{}", self.page_text().await),
        }
    }

    /// Clicks an element as a person does: it is scrolled to, and nothing may lie above it.
    pub async fn click(&self, selector: &str) {
        let clicked = self.element(selector).await.click().await;
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Clicks a button that leads to another page, or to the same one anew, and waits for that page.
    pub async fn submit(&self, selector: &str) {
        self.script("window.isLeft = true", vec![]).await;
        self.click(selector).await;
        let arrived = "return !window.isLeft && document.readyState === 'complete'";
        until("another page", SOON, || async {
            // While the page changes, no script runs.
            let answer = self.client.execute(arrived, vec![]).await.ok()?;
            (answer == true).then_some(())
        })
        .await;
    }

    /// Types into an empty field, in place of what it holds.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.element(selector).await;
        field.clear().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Waits until an element shows this text.
    ///
    /// # Panics
    /// If it does not within [`SOON`].
    pub async fn shows(&self, selector: &str, text: &str) {
        let what = format!("{text:?} in {selector}");
        until(&what, SOON, || async {
            // The element may be replaced meanwhile.
            let element = self.client.find(Locator::Css(selector)).await.ok()?;
            element.text().await.ok()?.contains(text).then_some(())
        })
        .await;
    }

    /// The text of the page.
    pub async fn page_text(&self) -> String {
        let text = self.script("return document.body ? document.body.innerText : ''", vec![]).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page, which returns a value.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.expect("the script runs")
    }

    /// What axe-core finds on the page that keeps people from using it: findings of impact "serious" or "critical".
    pub async fn serious_findings(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(tool("axe").await).expect("axe-core can be read");
        self.script(&axe, vec![]).await;
        let run = "const done = arguments[0]; axe.run().then(found => done(found.violations), error => done(String(error)))";
        let found = within("axe-core", SOON, self.client.execute_async(run, vec![])).await;
        let found = found.expect("axe-core runs");
        let violations = found.as_array().unwrap_or_else(|| panic!("axe-core failed: {found}"));
        let serious = violations
            .iter()
            .filter(|one| one["impact"] == "serious" || one["impact"] == "critical");
        serious.map(|one| format!("{}: {}", one["help"], one["nodes"][0]["html"])).collect()
    }

    /// Writes a picture of the page as PNG: all of it, or its first [`TALLEST`] pixels.
    pub async fn picture(&self, file: &Path) {
        self.command("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
        let layout = self.command("Page.getLayoutMetrics", json!({})).await;
        let content = &layout["cssContentSize"];
        let height = content["height"].as_f64().expect("a height").min(TALLEST);
        let clip = json!({"x": 0, "y": 0, "width": content["width"], "height": height, "scale": 1});
        let whole = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let answer = self.command("Page.captureScreenshot", whole).await;
        let data = answer["data"].as_str().expect("a picture");
        let png = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data);
        std::fs::write(file, png.expect("base64")).expect("the picture is written");
    }

    /// A command of the browser's own protocol.
    async fn command(&self, name: &str, parameters: Value) -> Value {
        let body = json!({"cmd": name, "params": parameters});
        let url = format!("{}/goog/cdp/execute", self.session);
        let answer =
            http::client().post(url).json(&body).send().await.expect("chromedriver answers");
        let mut answer: Value = answer.json().await.expect("chromedriver answers in JSON");
        assert!(answer["value"]["error"].is_null(), "{name}: {answer}");
        answer["value"].take()
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/browser.sh"))
}

/// The path that `deploy/browser.sh` prints.
async fn tool(name: &str) -> PathBuf {
    let mut command = script();
    command.arg(name).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = tokio::process::Command::from(command).kill_on_drop(true).output();
    let output = within(name, STARTED, output).await.expect("deploy/browser.sh starts");
    assert!(output.status.success(), "deploy/browser.sh {name}: {}", output.status);
    String::from_utf8(output.stdout).expect("a path").trim_end().into()
}
