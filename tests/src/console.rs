//! `postern console` as a process, and the people and programs that use it.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use toml::Table;

use crate::deadline::SOON;
use crate::http;
use crate::ports::free_port;
use crate::processes::Process;
use crate::setup::Setup;

/// The password of all users.
pub const PASSWORD: &str = "correct horse battery";

/// The users, who have the names of what they may do; `elsewhere` is an admin of another integration than the one of
/// the tests.
pub const USERS: [(&str, &str, Option<&str>); 5] = [
    ("viewer", "viewer", None),
    ("operator", "operator", None),
    ("admin", "admin", None),
    ("here", "admin", Some(crate::inbound::INTEGRATION)),
    ("elsewhere", "admin", Some("other")),
];

/// The secrets that the configuration has got, or hides behind hashes.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub password_hash: String,
    /// By the name of the user.
    pub tokens: Vec<(String, String)>,
}

/// A running console.
#[derive(Debug)]
pub struct Console {
    pub process: Process,
    pub url: String,
    client: reqwest::Client,
}

/// A person who has signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub cookie: String,
    pub csrf: String,
}

/// Adds the users, and a token with the name of each, to the settings.
pub async fn add_access(setup: &mut Setup) -> Credentials {
    let command = ["console", "hash-password", "--output", "json"];
    let hash = setup.postern_with_input(&command, &format!("{PASSWORD}\n")).await;
    let hash: Value = serde_json::from_slice(&hash.stdout).expect("the hash is JSON");
    let password_hash = hash["password_hash"].as_str().expect("there is a hash").to_owned();
    let (mut users, mut tokens, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    for (name, role, integration) in USERS {
        let new = setup.postern(&["console", "new-token", "--output", "json"]).await;
        let new: Value = serde_json::from_slice(&new.stdout).expect("the token is JSON");
        let (token, hash) = (new["token"].as_str(), new["hash"].as_str());
        let entry = |key: &str, value: &str| {
            let mut entry = Table::new();
            entry.insert("name".to_owned(), name.into());
            entry.insert("role".to_owned(), role.into());
            entry.insert(key.to_owned(), value.into());
            if let Some(integration) = integration {
                entry.insert("integrations".to_owned(), vec![integration].into());
            }
            toml::Value::from(entry)
        };
        users.push(entry("password_hash", &password_hash));
        tokens.push(entry("hash", hash.expect("there is a hash")));
        secrets.push((name.to_owned(), token.expect("there is a token").to_owned()));
    }
    setup.settings.set("console.users", users);
    setup.settings.set("console.tokens", tokens);
    Credentials { password_hash, tokens: secrets }
}

impl Console {
    /// Starts one with the current settings.
    pub async fn start(setup: &mut Setup, name: &str) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        setup.settings.set("console.listen", listen.as_str());
        let process = setup.postern_in_background(name, &["console"]);
        process.wait_for_log("console ready", SOON).await;
        Self { process, url: format!("http://{listen}"), client: http::client_without_redirects() }
    }

    /// A request without anything that says who asks.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// What a person's browser gets.
    pub async fn get(&self, session: &Session, path: &str) -> Response {
        let request = self.request(Method::GET, path).header(COOKIE, &session.cookie);
        request.send().await.expect("the console answers")
    }

    /// A page, or a document of the API.
    pub async fn text(&self, session: &Session, path: &str) -> String {
        let response = self.get(session, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.expect("the answer is text")
    }

    /// The JSON at a path of the API.
    pub async fn json(&self, session: &Session, path: &str) -> Value {
        serde_json::from_str(&self.text(session, path).await).expect("the answer is JSON")
    }

    /// What a form of a person's page sends, with the token of the session where there is one.
    pub async fn post(&self, session: &Session, path: &str, form: &str) -> Response {
        let form = format!("{form}&csrf={}", session.csrf);
        let request = self.request(Method::POST, path).header(COOKIE, &session.cookie);
        let request = request.header("origin", &self.url).header(CONTENT_TYPE, FORM).body(form);
        request.send().await.expect("the console answers")
    }

    /// Sends the sign-in form, with this cookie that the browser has already.
    pub async fn try_to_sign_in(&self, user: &str, password: &str, cookie: &str) -> Response {
        let form = format!("user={user}&password={}", password.replace(' ', "+"));
        let request = self.request(Method::POST, "/sign-in").header("origin", &self.url);
        let request = request.header(CONTENT_TYPE, FORM).header(COOKIE, cookie).body(form);
        request.send().await.expect("the console answers")
    }

    /// A new session of this user.
    ///
    /// # Panics
    /// If it does not begin.
    pub async fn sign_in(&self, user: &str) -> Session {
        let response = self.try_to_sign_in(user, PASSWORD, "").await;
        let status = response.status();
        assert_eq!((status, location(&response)), (StatusCode::SEE_OTHER, "/"), "{user}");
        let cookie = cookie(response.headers());
        let without_token = Session { cookie, csrf: String::new() };
        let me = self.json(&without_token, "/api/v1/me").await;
        let csrf = me["csrf"].as_str().expect("a session has a token").to_owned();
        Session { csrf, ..without_token }
    }
}

/// How a browser sends forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// How long a client waits for the next part of a stream.
pub const PART: Duration = SOON;

/// The cookie that was set, as a browser sends it back.
pub fn cookie(headers: &HeaderMap) -> String {
    let set = headers[SET_COOKIE].to_str().expect("a cookie is text");
    set.split(';').next().expect("a cookie has a value").to_owned()
}

/// Where the answer leads.
pub fn location(response: &Response) -> &str {
    response.headers().get(LOCATION).and_then(|it| it.to_str().ok()).unwrap_or_default()
}
