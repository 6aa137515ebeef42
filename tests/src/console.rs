//! `postern console`: pages and API, in front of the servers of a setup.

use crate::browser::Browser;
use crate::deadline::SOON;
use crate::ports::free_port;
use crate::processes::Process;
use crate::setup::Setup;
use crate::worker::postern;
use toml::{Table, Value};

/// Somebody who may sign in.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub name: &'static str,
    pub password: &'static str,
    /// Of little work, so that a debug build checks it at once.
    hash: &'static str,
    role: &'static str,
    /// All of them where there is none.
    integration: Option<&'static str>,
}

/// May do everything.
pub const ADMIN: Person = Person {
    name: "anna",
    password: "correct horse battery staple",
    hash: "$argon2id$v=19$m=8,t=1,p=1$PQZGc3/NJHtXNBRHud7s6w$jPXqcZ6S6YJQNEZM2/vQwRsMskE4VBhBjhgyJlmZ0qY",
    role: "admin",
    integration: None,
};

/// May look, at an integration that there is not.
pub const VIEWER_ELSEWHERE: Person = Person {
    name: "viktor",
    password: "another long password here",
    hash: "$argon2id$v=19$m=8,t=1,p=1$uq4fRpJFrqbhTcU4t3xXYQ$Lt3tDiCtPu7YVKGdAWEUwlWxHll5pc+QYQ4/Xe3n+WU",
    role: "viewer",
    integration: Some("elsewhere"),
};

/// A token that may do everything, and its hash.
pub const TOKEN: &str = "test-token-of-the-api";
const TOKEN_HASH: &str = "9d90409446ee471cbddc96cd7d6f342517affcd614bd0ef25fa3418d903066fa";

/// A running console.
#[derive(Debug)]
pub struct Console {
    process: Process,
    url: String,
}

impl Console {
    /// Starts one with these people and [`TOKEN`].
    pub async fn start(setup: &mut Setup) -> Self {
        let port = free_port();
        setup.settings.set("console.listen", format!("127.0.0.1:{port}"));
        setup.settings.set("console.users", vec![user(ADMIN), user(VIEWER_ELSEWHERE)]);
        let token = [("name", "tests"), ("hash", TOKEN_HASH), ("role", "admin")];
        setup.settings.set("console.tokens", vec![table(&token)]);
        let mut command = postern(&setup.write_settings("console"));
        let process = Process::start("console", setup.directory(), command.arg("console"));
        process.wait_for_log("console ready", SOON).await;
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Signs in by the form.
    pub async fn sign_in(&self, browser: &Browser, person: Person) {
        browser.open(&format!("{}/sign-in", self.url)).await;
        browser.fill("#user", person.name).await;
        browser.fill("#password", person.password).await;
        browser.click("main button[type=submit]").await;
        browser.shows(".signed-in", person.name).await;
    }
}

fn user(person: Person) -> Value {
    let mut user =
        table(&[("name", person.name), ("password_hash", person.hash), ("role", person.role)]);
    if let (Some(integration), Value::Table(user)) = (person.integration, &mut user) {
        user.insert("integrations".to_owned(), vec![integration].into());
    }
    user
}

fn table(members: &[(&str, &str)]) -> Value {
    let members = members.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    Value::Table(members.collect::<Table>())
}
