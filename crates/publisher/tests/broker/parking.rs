//! Parking messages in retry queues.

use std::time::{Duration, Instant};

use chrono::Utc;
use events::{DeadLetterReason, names};
use lapin::BasicProperties;
use lapin::options::QueueDeleteOptions;
use lapin::types::AMQPValue;
use publisher::{
    DeadLetter, DeadLetterHeaders, Message, PublishError, ReceivedMessage, RecordedReason,
};

use crate::fixtures::{
    dead_letter, expected_properties, number, original, return_unsettled, without_headers,
};
use crate::parking_broker::{
    Broker, SHORTEST, assert_origin, failed, headers, record, with, x_death_records,
};

#[test]
fn a_message_waits_in_the_queue_with_the_longest_delay_up_to_the_wait() {
    let received = ReceivedMessage {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request".to_owned(),
        queue: names::OPEN_REQUESTS_QUEUE.to_owned(),
        properties: BasicProperties::default(),
        body: Vec::new(),
    };
    for (wait, delay) in [
        (0, "250ms"),
        (249, "250ms"),
        (250, "250ms"),
        (999, "250ms"),
        (1000, "1s"),
        (3999, "1s"),
        (5000, "4s"),
        (63_999, "16s"),
        (64_000, "64s"),
        (600_000, "64s"),
    ] {
        let message = Message::parked(&received, Duration::from_millis(wait));
        assert_eq!(message.exchange, "");
        assert_eq!(message.routing_key, format!("postern.retry.open-requests.{delay}"), "{wait}");
    }
}

#[tokio::test]
async fn a_parked_message_returns_unchanged_after_its_delay() {
    let broker = Broker::new().await;
    let user = broker.host.url().username().to_owned();
    let mut sent = original(&user).properties;
    let mut many = sent.headers().clone().unwrap();
    for number in 0..100 {
        many.insert(format!("header-{number}").into(), AMQPValue::LongInt(number));
    }
    sent = sent.with_headers(many);
    let received = broker.send(sent.clone()).await;
    assert!(received.properties.expiration().is_some() && received.properties.user_id().is_some());

    let parked = Instant::now();
    let back = broker.park(&received).await;
    // The broker counts whole milliseconds.
    assert!(parked.elapsed() > SHORTEST - Duration::from_millis(2), "{:?}", parked.elapsed());
    assert_eq!((back.exchange.as_str(), back.routing_key.as_str()), ("", "postern.open-requests"));
    assert_eq!(back.body, b"\xff not json");

    let wanted = expected_properties().with_delivery_mode(2);
    assert_eq!(without_headers(&back.properties), wanted);

    let headers = headers(&back);
    assert_origin(headers);
    let kept = broker.kept([record("elsewhere", 3)]).await;
    for (name, value) in sent.headers().as_ref().unwrap().inner() {
        let name = name.as_str();
        // The broker's own headers, which it writes anew.
        let first_death = name.starts_with("x-first-death-") && kept.is_empty();
        if !["x-death", "x-delivery-count"].contains(&name) && !first_death {
            assert_eq!(headers.inner().get(name), Some(value), "{name}");
        }
    }
    let retry = vec![record("postern.retry.open-requests.250ms", 1)];
    assert_eq!(x_death_records(headers), [retry, kept.clone()].concat());
    assert_eq!(
        x_death_records(Message::parked(&back, SHORTEST).properties.headers().as_ref().unwrap()),
        kept
    );
}

#[tokio::test]
async fn parking_repeatedly_loses_no_message_and_adds_no_headers() {
    let broker = Broker::new().await;
    let mut waiting = Vec::new();
    for number in 0..20 {
        waiting.push(broker.send(with([("number", AMQPValue::LongLongInt(number))])).await);
    }
    let mut before = None;
    for repetition in 0..10 {
        for received in waiting.drain(..) {
            broker.publisher.publish(Message::parked(&received, SHORTEST)).await.unwrap();
        }
        let mut numbers = Vec::new();
        for _ in 0..20 {
            let back = broker.open_request().await;
            assert_origin(headers(&back));
            assert_eq!(
                x_death_records(headers(&back)),
                [record("postern.retry.open-requests.250ms", 1)]
            );
            numbers.push(number(headers(&back), "number"));
            let names: Vec<_> = headers(&back).inner().keys().cloned().collect();
            assert_eq!(before.get_or_insert(names.clone()), &names, "repetition {repetition}");
            waiting.push(back);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "repetition {repetition}");
    }
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
}

#[tokio::test]
async fn failures_of_a_record_are_counted_until_the_message_is_replayed() {
    let broker = Broker::new().await;
    let mut received = broker.send(BasicProperties::default()).await;
    for failures in 1..=2 {
        let parked = Message::parked_after_record_failure(&received, SHORTEST);
        broker.publisher.publish(parked).await.unwrap();
        received = broker.open_request().await;
        assert_eq!(received.record_failures(), failures);
    }
    received = broker.park(&received).await;
    assert_eq!((received.record_failures(), received.deliveries()), (2, 0));
    broker.publisher.publish(failed(&received)).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    assert_eq!(broker.open_request().await.record_failures(), 0);
}

/// A dead letter of this reason that the broker has not made, because the message was parked between.
#[tokio::test]
async fn a_delivery_limit_that_postern_counted_is_read_from_its_own_headers() {
    let broker = Broker::new().await;
    let received = broker.send(BasicProperties::default()).await;
    let reason = DeadLetterReason::DeliveryLimit;
    let why = DeadLetter { reason, detail: "delivered 101 times", attempts: 0, answer: None };
    let letter = Message::dead_letter(&received, &why, Utc::now());
    broker.publisher.publish(letter).await.unwrap();
    let read = DeadLetterHeaders::read(&dead_letter(&broker.channel).await);
    assert_eq!(read.reason, RecordedReason::Known(reason));
    assert_eq!(read.detail.as_deref(), Some("delivered 101 times"));
    assert!(read.failed_at.is_some() && read.queue.is_some(), "{read:?}");
}

#[tokio::test]
async fn deliveries_are_counted_over_all_stays() {
    let broker = Broker::new().await;
    let mut received = broker.send(BasicProperties::default()).await;
    assert_eq!(received.deliveries(), 0);
    for total in [3, 5] {
        broker.publisher.publish(Message::parked(&received, SHORTEST)).await.unwrap();
        let times = total - received.deliveries();
        return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, times as usize).await;
        received = broker.open_request().await;
        assert_eq!(received.deliveries(), total);
    }
    // A replay begins a new count.
    broker.publisher.publish(failed(&received)).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    assert_eq!(broker.open_request().await.deliveries(), 0);
}

/// Every size up to the largest that a publisher can send. The headers that the broker adds must fit
/// too, or the message could not be delivered again.
#[tokio::test]
async fn large_headers_are_kept_as_long_as_they_can_be_delivered_again() {
    let broker = Broker::new().await;
    for (size, kept) in [(127_000, true), (128_000, false), (130_500, false), (130_900, false)] {
        let large = AMQPValue::LongString("x".repeat(size).into());
        let back = broker.park(&broker.send(with([("large", large)])).await).await;
        assert_eq!(headers(&back).contains_key("large"), kept, "{size}");
        assert_origin(headers(&back));
    }
    // Large headers with names of postern are dropped as well.
    for name in [
        "postern-deliveries",
        "postern-record-failures",
        "postern-replays",
        "postern-detail",
        "postern-queue",
    ] {
        let large = AMQPValue::LongString("x".repeat(130_850).into());
        let received = broker.send(with([(name, large)])).await;
        let back = broker.park(&received).await;
        assert_origin(headers(&back));
        assert_eq!(back.deliveries(), 0);
        broker.publisher.publish(failed(&received)).await.unwrap();
        assert_origin(headers(&dead_letter(&broker.channel).await));
    }
}

#[tokio::test]
async fn a_message_without_a_retry_queue_is_returned() {
    let broker = Broker::new().await;
    let received = broker.send(BasicProperties::default()).await;
    let queue = "postern.retry.open-requests.1s";
    broker.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    let error = broker
        .publisher
        .publish(Message::parked(&received, Duration::from_secs(3)))
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Returned { reply_code: 312, .. }), "{error:?}");
}
