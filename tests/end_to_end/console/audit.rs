//! Searching the audit from the console.

use end_to_end::console::{Console, Session, add_access};
use end_to_end::redis::repeat_newest;
use end_to_end::setup::Setup;
use reqwest::StatusCode;
use serde_json::Value;

/// What is searched for one answer, and more.
const MANY: u32 = 51_000;

/// The lines at the path, over all answers that it takes, and the number of answers.
async fn searched(console: &Console, session: &Session, path: &str) -> (Vec<Value>, usize) {
    let (mut lines, mut answers, mut next) = (Vec::new(), 0, Value::Null);
    loop {
        let before = next.as_str().map(|next| format!("&before={next}")).unwrap_or_default();
        let mut answer = console.json(session, &format!("{path}{before}")).await;
        answers += 1;
        assert!(answers < 100, "it has an end");
        lines.append(answer["lines"].as_array_mut().expect("lines"));
        next = answer["next"].take();
        if next.is_null() {
            return (lines, answers);
        }
    }
}

#[tokio::test]
async fn a_line_is_found_however_many_younger_ones_there_are() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    console.sign_in("viewer").await;
    let admin = console.sign_in("admin").await;
    // One line in each answer: each line once, the newest first.
    let (lines, answers) = searched(&console, &admin, "/api/v1/audit?action=sign-in&limit=1").await;
    let operators: Vec<_> = lines.iter().map(|line| line["operator"].clone()).collect();
    assert_eq!((operators, answers), (vec!["admin".into(), "viewer".into()], 2));

    let stream = format!("{}audit", setup.key_prefix());
    repeat_newest(setup.redis_url(), &stream, MANY).await;
    let (lines, answers) = searched(&console, &admin, "/api/v1/audit?operator=viewer").await;
    assert_eq!(lines.len(), 1);
    assert!(answers > 1, "one answer does not search them all");
    // A person gets there by a link.
    let mut path = "/audit?operator=viewer".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = console.text(&admin, &path).await;
        let link = page.split_once("Searched back to").map(|(_, rest)| {
            let (_, link) = rest.split_once("href=\"").expect("a link follows");
            link.split('"').next().expect("it ends").replace("&amp;", "&")
        });
        pages.push(page);
        let Some(link) = link else { break };
        path = link;
        assert!(pages.len() < 100, "it has an end");
    }
    assert!(pages.iter().any(|page| page.contains("from 127.0.0.1")), "{pages:?}");

    let wrong = console.get(&admin, "/api/v1/audit?before=yesterday").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert!(wrong.text().await.expect("text").contains("before"));
}
