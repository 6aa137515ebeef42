//! Which errors count against a message, as a real client reads them.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use deadpool_redis::redis::{Script, cmd};

use super::{
    testing::{redis, store},
    *,
};

/// How Redis before version 7 begins an error that a command within a script met.
const WRAPPED: &str =
    "ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): ";

/// What Redis from version 7 adds instead.
const SUFFIX: &str = " script: 6b1bf486c81ceb7edf3c093f4c48582e38c0e791, on @user_script:3.";

const AWAY: &[&str] = &[
    "READONLY You can't write against a read only replica.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "NOREPLICAS Not enough good replicas to write.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "NOPERM No permissions to access a key",
    "MOVED 3999 127.0.0.1:6381",
    "ASK 3999 127.0.0.1:6381",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "CROSSSLOT Keys in request don't hash to the same slot",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "NOSCRIPT No matching script. Please use EVAL.",
    "EXECABORT Transaction discarded because of previous errors.",
    "ERR max number of clients reached",
    "ERR unknown command `EVALSHA`, with args beginning with: `WRONGTYPE `, ",
    "ERR user_script:3: Script attempted to access nonexistent global variable 'x'",
    "ERR something that no version of Redis says today",
    "no upstream host",
    "upstream failure",
];

/// Within scripts, before version 7.
const AWAY_WRAPPED: &[&str] = &[
    "@user_script:9: @user_script: 9: -READONLY You can't write against a read only replica. ",
    "@user_script: 9: -OOM command not allowed when used memory > 'maxmemory'. ",
    "@user_script:9: @user_script: 9: -MISCONF Redis is configured to save RDB snapshots. ",
    "@user_script:9: @user_script: 9: The user executing the script can't run this command",
    "@enable_strict_lua:15: user_script:8: Script attempted to access nonexistent global variable",
];

const RECORD: &[&str] = &[
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR user_script:68: attempt to perform arithmetic on a nil value",
    "ERR user_script:68: attempt to compare nil with number",
    "ERR user_script:68: bad argument #1 to 'tonumber' (value expected)",
];

/// Within scripts, before version 7.
const RECORD_WRAPPED: &[&str] = &[
    "@user_script:3: WRONGTYPE Operation against a key holding the wrong kind of value",
    "@user_script:3: @user_script: 3: -WRONGTYPE Operation against a key holding the wrong kind of value ",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "@user_script:68: user_script:68: attempt to perform arithmetic on a nil value",
];

/// A server that answers every script and every `GET` with this error.
fn server(error: &str) -> Store {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let error = format!("-{error}\r\n");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let error = error.clone();
            thread::spawn(move || serve(&stream.unwrap(), &error));
        }
    });
    store(url, "")
}

fn serve(mut stream: &TcpStream, error: &str) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    while let Some(name) = command_name(&mut input) {
        let fails = matches!(name.as_str(), "EVALSHA" | "SCRIPT" | "GET");
        let answer = if fails { error } else { "+OK\r\n" };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a command to its end. Answers its name.
fn command_name(input: &mut impl BufRead) -> Option<String> {
    let mut name = None;
    for _ in 0..number(input, '*')? {
        let mut argument = vec![0; number(input, '$')? + 2];
        input.read_exact(&mut argument).ok()?;
        let text = String::from_utf8_lossy(&argument).trim_end().to_uppercase();
        name = name.or(Some(text));
    }
    name
}

fn number(input: &mut impl BufRead, first: char) -> Option<usize> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    line.strip_prefix(first)?.trim_end().parse().ok()
}

/// The errors of a script and of a plain command.
async fn errors(text: &str) -> [StoreError; 2] {
    let store = server(text);
    let script = Script::new("return 1");
    let of_script = store.run::<i64>(&script.key("key")).await.unwrap_err();
    let of_command = store.query::<Option<String>>(cmd("GET").arg("key")).await.unwrap_err();
    [of_script, of_command]
}

#[tokio::test]
async fn an_error_that_is_not_about_a_record_means_that_redis_is_away() {
    let plain = AWAY.iter().map(|text| (*text).to_owned());
    let in_scripts = AWAY.iter().map(|text| format!("{text}{SUFFIX}"));
    let wrapped = AWAY_WRAPPED.iter().map(|text| format!("{WRAPPED}{text}"));
    for text in plain.chain(in_scripts).chain(wrapped) {
        for error in errors(&text).await {
            assert!(matches!(error, StoreError::Away(_)), "{text}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_type_or_a_value_that_a_script_cannot_read_is_about_the_record() {
    let plain = RECORD.iter().map(|text| (*text).to_owned());
    let in_scripts = RECORD.iter().map(|text| format!("{text}{SUFFIX}"));
    let wrapped = RECORD_WRAPPED.iter().map(|text| format!("{WRAPPED}{text}"));
    for text in plain.chain(in_scripts).chain(wrapped) {
        for error in errors(&text).await {
            assert!(matches!(error, StoreError::Record(_)), "{text}: {error:?}");
        }
    }
}

#[tokio::test]
async fn the_redis_of_these_tests_words_it_so_too() {
    let (store, prefix) = redis();
    let key = format!("{prefix}booking");
    store.query::<()>(cmd("SET").arg(&key).arg("word")).await.unwrap();
    let wrong_type = Script::new("return redis.call('HGET', KEYS[1], 'record')");
    let unreadable = Script::new("return redis.call('GET', KEYS[1]) - 1");
    for script in [wrong_type, unreadable] {
        let error = store.run::<i64>(&script.key(&key)).await.unwrap_err();
        assert!(matches!(error, StoreError::Record(_)), "{error:?}");
    }
    let error = store.query::<i64>(cmd("HGET").arg(&key).arg("record")).await.unwrap_err();
    assert!(matches!(error, StoreError::Record(_)), "{error:?}");
    let unknown = Script::new("return redis.call('NOTHING', KEYS[1])");
    let error = store.run::<i64>(&unknown.key(&key)).await.unwrap_err();
    assert!(matches!(error, StoreError::Away(_)), "{error:?}");
}

#[tokio::test]
async fn an_error_of_any_command_is_remembered_unless_it_is_about_a_record() {
    let period = Duration::from_secs(60);
    let (away, record) = (server(AWAY[0]), server(RECORD[0]));
    for store in [&away, &record] {
        assert!(store.away_within(period).is_none());
        let _ = store.query::<()>(cmd("GET").arg("key")).await.unwrap_err();
    }
    let remembered = away.away_within(period).map(|error| error.to_string());
    assert!(remembered.is_some_and(|text| text.contains("read only replica")));
    assert!(away.away_within(Duration::ZERO).is_none());
    assert!(record.away_within(period).is_none());
}
