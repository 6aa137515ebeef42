use std::time::{Duration, Instant};

use events::names;
use lapin::options::{BasicGetOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use lapin::{BasicProperties, Channel, Connection};
use publisher::{
    Arrival, DeadLetter, Label, Message, PublishError, Publisher, RETRY_DELAYS, declare,
    server_version,
};

use crate::dead_letters::{number, original, text};
use crate::replays::{TOO_OFTEN, dead_letter, give_back};
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue, take};

const SHORTEST: Duration = RETRY_DELAYS[0];

struct Broker {
    host: VirtualHost,
    _connection: Connection,
    channel: Channel,
    publisher: Publisher,
}

impl Broker {
    async fn new() -> Self {
        let host = VirtualHost::create().await;
        let connection = host.connect().await;
        declare(&connection).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let publisher = host.publisher(4).await;
        Self { host, _connection: connection, channel, publisher }
    }

    async fn open_request(&self) -> Arrival {
        let taken = take(&self.channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
        Arrival::from_delivery(names::OPEN_REQUESTS_QUEUE, taken).0
    }

    /// As the booking system sends it.
    async fn send(&self, properties: BasicProperties) -> Arrival {
        let user = self.host.url().username().to_owned();
        self.publisher.publish(Message { properties, ..original(&user) }).await.unwrap();
        self.open_request().await
    }

    /// There and back.
    async fn park(&self, arrival: &Arrival) -> Arrival {
        self.publisher.publish(Message::parked(arrival, SHORTEST)).await.unwrap();
        self.open_request().await
    }

    /// Deaths that are told of in a header that somebody else wrote: RabbitMQ 3 keeps them, 4 goes by an
    /// account of its own and writes the headers anew.
    async fn keeps<const N: usize>(&self, foreign: [(String, i64); N]) -> Vec<(String, i64)> {
        let version = server_version(self.host.url().as_str(), DEADLINE).await.unwrap();
        if version.starts_with("3.") { foreign.to_vec() } else { Vec::new() }
    }

    async fn is_empty(&self, queue: &str) -> bool {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await;
        got.unwrap().is_none()
    }
}

fn with(headers: impl IntoIterator<Item = (&'static str, AMQPValue)>) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.into(), value);
    }
    BasicProperties::default().with_headers(table)
}

fn string(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn array(values: Vec<AMQPValue>) -> AMQPValue {
    AMQPValue::FieldArray(FieldArray::from(values))
}

fn death(queue: AMQPValue, count: AMQPValue) -> AMQPValue {
    let mut death = FieldTable::default();
    death.insert("queue".into(), queue);
    death.insert("reason".into(), string("expired"));
    death.insert("count".into(), count);
    AMQPValue::FieldTable(death)
}

fn headers(arrival: &Arrival) -> &FieldTable {
    arrival.properties.headers().as_ref().unwrap()
}

/// Queue and count of every death in the headers.
fn deaths(headers: &FieldTable) -> Vec<(String, i64)> {
    match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => deaths
            .as_slice()
            .iter()
            .map(|death| match death {
                AMQPValue::FieldTable(death) => (text(death, "queue"), number(death, "count")),
                other => panic!("{other:?}"),
            })
            .collect(),
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

fn died(queue: &str, count: i64) -> (String, i64) {
    (queue.to_owned(), count)
}

fn assert_first_arrival(headers: &FieldTable) {
    assert_eq!(text(headers, "postern-exchange"), "postern.inbound");
    assert_eq!(text(headers, "postern-routing-key"), "lock.open-request.acme");
    assert_eq!(text(headers, "postern-queue"), "postern.open-requests");
}

fn failed(arrival: &Arrival) -> Message {
    let why = DeadLetter { reason: "iq_offline", detail: "no gateway", attempts: 2 };
    Message::dead_letter(arrival, &why, "2026-03-01T12:00:00Z".parse().unwrap())
}

#[test]
fn waits_in_the_queue_with_the_longest_delay_that_is_not_too_long() {
    let arrival = Arrival {
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
        let message = Message::parked(&arrival, Duration::from_millis(wait));
        assert_eq!(message.exchange, "");
        assert_eq!(message.routing_key, format!("postern.retry.open-requests.{delay}"), "{wait}");
    }
}

#[tokio::test]
async fn comes_back_after_its_delay_as_it_was() {
    let broker = Broker::new().await;
    let user = broker.host.url().username().to_owned();
    let mut sent = original(&user).properties;
    let mut many = sent.headers().clone().unwrap();
    for number in 0..100 {
        many.insert(format!("header-{number}").into(), AMQPValue::LongInt(number));
    }
    sent = sent.with_headers(many);
    let arrival = broker.send(sent.clone()).await;
    assert!(arrival.properties.expiration().is_some() && arrival.properties.user_id().is_some());

    let parked = Instant::now();
    let back = broker.park(&arrival).await;
    // The broker counts whole milliseconds.
    assert!(parked.elapsed() > SHORTEST - Duration::from_millis(2), "{:?}", parked.elapsed());
    assert_eq!((back.exchange.as_str(), back.routing_key.as_str()), ("", "postern.open-requests"));
    assert_eq!(back.body, b"\xff not json");

    let bare =
        |properties: &BasicProperties| properties.clone().with_headers(FieldTable::default());
    let wanted = BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_message_id("m-1".into())
        .with_correlation_id("c-1".into())
        .with_type("lock.open-request.v1".into())
        .with_timestamp(1_700_000_001)
        .with_app_id("hotel".into())
        .with_delivery_mode(2);
    assert_eq!(bare(&back.properties), bare(&wanted));

    let headers = headers(&back);
    assert_first_arrival(headers);
    let kept = broker.keeps([died("elsewhere", 3)]).await;
    for (name, value) in sent.headers().as_ref().unwrap().inner() {
        let name = name.as_str();
        // The broker's own, which it writes anew.
        let first_death = name.starts_with("x-first-death-") && kept.is_empty();
        if !["x-death", "x-delivery-count"].contains(&name) && !first_death {
            assert_eq!(headers.inner().get(name), Some(value), "{name}");
        }
    }
    let retry = vec![died("postern.retry.open-requests.250ms", 1)];
    assert_eq!(deaths(headers), [retry, kept.clone()].concat());
    assert_eq!(
        deaths(Message::parked(&back, SHORTEST).properties.headers().as_ref().unwrap()),
        kept
    );
}

#[tokio::test]
async fn again_and_again_loses_nothing_and_grows_nothing() {
    let broker = Broker::new().await;
    let mut waiting = Vec::new();
    for number in 0..20 {
        waiting.push(broker.send(with([("number", AMQPValue::LongLongInt(number))])).await);
    }
    let mut before = None;
    for round in 0..10 {
        for arrival in waiting.drain(..) {
            broker.publisher.publish(Message::parked(&arrival, SHORTEST)).await.unwrap();
        }
        let mut numbers = Vec::new();
        for _ in 0..20 {
            let back = broker.open_request().await;
            assert_first_arrival(headers(&back));
            assert_eq!(deaths(headers(&back)), [died("postern.retry.open-requests.250ms", 1)]);
            numbers.push(number(headers(&back), "number"));
            let names: Vec<_> = headers(&back).inner().keys().cloned().collect();
            assert_eq!(before.get_or_insert(names.clone()), &names, "round {round}");
            waiting.push(back);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "round {round}");
    }
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
}

#[tokio::test]
async fn deliveries_are_counted_over_all_stays() {
    let broker = Broker::new().await;
    let mut arrival = broker.send(BasicProperties::default()).await;
    assert_eq!(arrival.deliveries(), 0);
    for total in [3, 5] {
        broker.publisher.publish(Message::parked(&arrival, SHORTEST)).await.unwrap();
        let times = total - arrival.deliveries();
        give_back(&broker.channel, names::OPEN_REQUESTS_QUEUE, times as usize).await;
        arrival = broker.open_request().await;
        assert_eq!(arrival.deliveries(), total);
    }
    // A replay begins anew.
    broker.publisher.publish(failed(&arrival)).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    broker.publisher.publish(Message::replay(&letter).unwrap()).await.unwrap();
    assert_eq!(broker.open_request().await.deliveries(), 0);
}

#[tokio::test]
async fn a_dead_letter_tells_of_the_first_arrival_and_of_no_wait() {
    let broker = Broker::new().await;
    let own = || with([("tenant", string("acme"))]);
    let mut arrival = broker.park(&broker.send(own()).await).await;
    // Parked, failed, replayed; and once more.
    for replays in [0, 1] {
        broker.publisher.publish(failed(&arrival)).await.unwrap();
        let letter = dead_letter(&broker.channel).await;
        let label = Label::read(&letter);
        let told = (&*label.reason, label.queue.as_deref(), label.replays);
        assert_eq!(told, ("iq_offline", Some("postern.open-requests"), replays));
        assert_first_arrival(headers(&letter));
        let names = headers(&letter).inner().keys().map(|name| name.as_str());
        // Some brokers tell it of every delivery.
        let names: Vec<_> = names.filter(|name| *name != "x-delivery-count").collect();
        let wanted = [
            "postern-attempts",
            "postern-detail",
            "postern-exchange",
            "postern-failed-at",
            "postern-queue",
            "postern-reason",
            "postern-replays",
            "postern-routing-key",
            "tenant",
        ];
        assert_eq!(names, wanted);
        broker.publisher.publish(Message::replay(&letter).unwrap()).await.unwrap();
        arrival = broker.park(&broker.open_request().await).await;
    }
}

#[tokio::test]
async fn the_brokers_own_dead_letter_of_a_parked_message_is_one_of_the_delivery_limit() {
    let broker = Broker::new().await;
    let arrival = broker.send(BasicProperties::default()).await;
    broker.publisher.publish(Message::parked(&arrival, SHORTEST)).await.unwrap();
    give_back(&broker.channel, names::OPEN_REQUESTS_QUEUE, TOO_OFTEN).await;

    let letter = dead_letter(&broker.channel).await;
    let waited = died("postern.retry.open-requests.250ms", 1);
    assert_eq!(deaths(headers(&letter)), [died("postern.open-requests", 1), waited]);
    for exchange in [names::DEAD_LETTER_EXCHANGE, ""] {
        // As it came, and as somebody moved it by hand.
        let letter = Arrival { exchange: exchange.to_owned(), ..letter.clone() };
        let label = Label::read(&letter);
        let told = (&*label.reason, label.queue.as_deref());
        assert_eq!(told, ("delivery_limit", Some("postern.open-requests")));
    }
    broker.publisher.publish(Message::replay(&letter).unwrap()).await.unwrap();
    let again = broker.open_request().await;
    assert_first_arrival(headers(&again));
    assert_eq!(deaths(headers(&again)), []);
    assert_first_arrival(headers(&broker.park(&again).await));
}

/// Moved by hand out of a retry queue: a wait there is not the work queue's delivery limit.
#[tokio::test]
async fn a_wait_is_no_death_of_the_delivery_limit() {
    let broker = Broker::new().await;
    let back = broker.park(&broker.send(BasicProperties::default()).await).await;
    let letter = Arrival { queue: names::DEAD_LETTERS_QUEUE.to_owned(), ..back };
    let label = Label::read(&letter);
    let told = (&*label.reason, label.queue.as_deref());
    assert_eq!(told, ("unknown", Some("postern.open-requests")));
    let replay = Message::replay(&letter).unwrap();
    assert_eq!(deaths(replay.properties.headers().as_ref().unwrap()), []);
}

/// Each of these would be dropped by RabbitMQ 3 on the way back, or stop its dead-lettering.
#[tokio::test]
async fn deaths_that_the_broker_cannot_live_with_do_not_go_along() {
    let broker = Broker::new().await;
    let raw = |text: &str| AMQPValue::ByteArray(text.as_bytes().into());
    let one = || AMQPValue::LongLongInt(1);
    let fine = || death(string("elsewhere"), one());
    let kept = broker.keeps([died("elsewhere", 1)]).await;
    for (what, header) in [
        ("its own queue", array(vec![fine(), death(string("postern.open-requests"), one())])),
        (
            "a retry queue, uncountable",
            array(vec![death(string("postern.retry.open-requests.250ms"), string("x")), fine()]),
        ),
        (
            "the same, otherwise written",
            array(vec![death(raw("postern.retry.open-requests.250ms"), string("x")), fine()]),
        ),
        ("no table", array(vec![AMQPValue::LongInt(1), fine()])),
        ("text", array(vec![string("{queue=elsewhere}"), string("expired"), fine()])),
        ("nothing known", array(vec![AMQPValue::FieldTable(FieldTable::default()), fine()])),
    ] {
        let back = broker.park(&broker.send(with([("x-death", header)])).await).await;
        let waited = vec![died("postern.retry.open-requests.250ms", 1)];
        assert_eq!(deaths(headers(&back)), [waited, kept.clone()].concat(), "{what}");
    }
}

/// They meant the exchange of the first arrival. To the default exchange they are queues.
#[tokio::test]
async fn further_routing_keys_make_no_copies() {
    let broker = Broker::new().await;
    bound_queue(&broker.channel, "audit", names::INBOUND_EXCHANGE, "nothing").await;
    let keys = || array(vec![string("audit"), string("postern.open-requests")]);
    let arrival = broker.send(with([("CC", keys()), ("tenant", string("acme"))])).await;
    assert!(headers(&arrival).contains_key("CC"));

    // The dead letter keeps them: whatever is bound to its exchange is for dead letters.
    broker.publisher.publish(failed(&arrival)).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    assert_eq!(headers(&letter).inner().get("CC"), Some(&keys()));
    assert!(broker.is_empty(names::DEAD_LETTERS_QUEUE).await);
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
    assert!(broker.is_empty("audit").await, "a copy of the dead letter");

    broker.publisher.publish(Message::replay(&letter).unwrap()).await.unwrap();
    assert!(broker.is_empty("audit").await, "a copy of the replay");
    assert_eq!(text(headers(&broker.open_request().await), "tenant"), "acme");

    broker.publisher.publish(Message::parked(&arrival, SHORTEST)).await.unwrap();
    assert!(broker.is_empty("audit").await, "a copy of the parked message");
    assert_eq!(broker.open_request().await.routing_key, "postern.open-requests");
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
}

/// Every size up to the largest that a publisher gets through. What the broker adds must fit too,
/// or nobody could be handed the message again.
#[tokio::test]
async fn large_headers_are_kept_as_long_as_they_can_be_delivered_again() {
    let broker = Broker::new().await;
    for (size, kept) in [(127_000, true), (128_000, false), (130_500, false), (130_900, false)] {
        let large = AMQPValue::LongString("x".repeat(size).into());
        let back = broker.park(&broker.send(with([("large", large)])).await).await;
        assert_eq!(headers(&back).contains_key("large"), kept, "{size}");
        assert_first_arrival(headers(&back));
    }
    // A name of ours makes them no smaller.
    for name in ["postern-deliveries", "postern-replays", "postern-detail", "postern-queue"] {
        let large = AMQPValue::LongString("x".repeat(130_850).into());
        let arrival = broker.send(with([(name, large)])).await;
        let back = broker.park(&arrival).await;
        assert_first_arrival(headers(&back));
        assert_eq!(back.deliveries(), 0);
        broker.publisher.publish(failed(&arrival)).await.unwrap();
        assert_first_arrival(headers(&dead_letter(&broker.channel).await));
    }
}

#[tokio::test]
async fn without_its_queue_a_message_is_returned() {
    let broker = Broker::new().await;
    let arrival = broker.send(BasicProperties::default()).await;
    let queue = "postern.retry.open-requests.1s";
    broker.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    let error = broker
        .publisher
        .publish(Message::parked(&arrival, Duration::from_secs(3)))
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Returned { reply_code: 312, .. }), "{error:?}");
}
