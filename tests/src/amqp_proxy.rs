//! A proxy in front of RabbitMQ that passes frames on, or drops and changes single ones.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

/// Type, channel and size of a frame, before its payload; one byte follows the payload.
const HEAD: usize = 7;
const METHOD: u8 = 1;
const FRAME_END: u8 = 0xCE;

/// Class and method, the first four bytes of the payload of a method.
const DECLARE_OK: [u8; 4] = [0, 50, 0, 11];
const CONSUME: [u8; 4] = [0, 60, 0, 20];
const CONSUME_OK: [u8; 4] = [0, 60, 0, 21];
const CANCEL: [u8; 4] = [0, 60, 0, 30];
const PUBLISH: [u8; 4] = [0, 60, 0, 40];
const ACK: [u8; 4] = [0, 60, 0, 80];

/// A proxy on loopback; it ends with all connections when dropped.
#[derive(Debug)]
pub struct AmqpProxy {
    port: u16,
    faults: Arc<Mutex<Faults>>,
    task: JoinHandle<()>,
}

/// What happens to frames of all connections.
#[derive(Debug, Default)]
struct Faults {
    /// The queue that seems to have no messages and no consumers, and in how many answers more.
    empty_queue: Option<(String, u32)>,
    /// The exchange whose messages are not confirmed, and how many more.
    unconfirmed: Option<(String, u32)>,
    /// The queue whose new consumers are not answered, and how many more.
    unanswered_consumers: Option<(String, u32)>,
    consumers: Vec<Consumer>,
}

/// A consumer that a client has, and the way to its broker.
#[derive(Debug)]
struct Consumer {
    queue: String,
    channel: [u8; 2],
    tag: String,
    to_broker: UnboundedSender<Vec<u8>>,
}

impl AmqpProxy {
    /// Starts a proxy in front of the RabbitMQ with this address. At first it passes everything on.
    ///
    /// # Panics
    /// If the address is not `amqp://USER:PASSWORD@HOST:PORT/…`.
    pub async fn before(broker_url: &str) -> Self {
        let (_, address) = broker_url.split_once('@').expect("an address with a user");
        let broker = address.split('/').next().unwrap_or_default().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let faults = Arc::<Mutex<Faults>>::default();
        let of_connections = Arc::clone(&faults);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, broker.clone(), Arc::clone(&of_connections)));
                // Ended connections are removed from the set.
                while connections.try_join_next().is_some() {}
            }
        });
        Self { port, faults, task }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next answers about this queue say that it has no messages and no consumers, as RabbitMQ does for a quorum
    /// queue with a busy leader.
    pub fn show_empty(&self, queue: &str, answers: u32) {
        self.faults().empty_queue = Some((queue.to_owned(), answers));
    }

    /// How many of these answers are still to come.
    pub fn empty_answers_left(&self) -> u32 {
        self.faults().empty_queue.as_ref().map_or(0, |(_, left)| *left)
    }

    /// The next confirms of messages to this exchange are lost.
    pub fn drop_confirms(&self, exchange: &str, confirms: u32) {
        self.faults().unconfirmed = Some((exchange.to_owned(), confirms));
    }

    /// The next answers to new consumers of this queue are lost.
    pub fn drop_consumer_answers(&self, queue: &str, answers: u32) {
        self.faults().unanswered_consumers = Some((queue.to_owned(), answers));
    }

    /// How many of these answers are still to be lost.
    pub fn consumer_answers_left(&self) -> u32 {
        self.faults().unanswered_consumers.as_ref().map_or(0, |(_, left)| *left)
    }

    /// Ends all consumers of a queue at the broker, and the clients are not told.
    pub fn cancel_consumers(&self, queue: &str) -> usize {
        let mut faults = self.faults();
        let of_queue = faults.consumers.extract_if(.., |consumer| consumer.queue == queue);
        let sent = of_queue.map(|consumer| consumer.to_broker.send(cancel(&consumer)));
        sent.filter(Result::is_ok).count()
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().expect("no holder panics")
    }
}

impl Drop for AmqpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What one connection has sent last, by channel.
#[derive(Debug, Default)]
struct Channels {
    /// The exchange of the last message.
    published_to: BTreeMap<[u8; 2], String>,
    /// The queue of the last consumer.
    consumed: BTreeMap<[u8; 2], String>,
}

/// Passes the frames of a connection on until one side ends it.
async fn connection(
    client: TcpStream,
    broker: String,
    faults: Arc<Mutex<Faults>>,
) -> std::io::Result<()> {
    let broker = TcpStream::connect(broker).await?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_broker, mut to_broker) = broker.into_split();
    let mut from_client = BufReader::new(from_client);
    let mut protocol_header = [0; 8];
    from_client.read_exact(&mut protocol_header).await?;
    to_broker.write_all(&protocol_header).await?;

    let channels = Mutex::new(Channels::default());
    let (broker_frames, frames_for_broker) = unbounded_channel();
    let (client_frames, frames_for_client) = unbounded_channel();
    let requests = read(from_client, |frame| {
        note_request(&frame, &channels);
        let _ = broker_frames.send(frame);
    });
    let replies = read(BufReader::new(from_broker), |frame| {
        let frame = reply(frame, &channels, &faults, &broker_frames);
        let _ = frame.map(|frame| client_frames.send(frame));
    });
    tokio::select! {
        ended = requests => ended,
        ended = replies => ended,
        ended = write(to_broker, frames_for_broker) => ended,
        ended = write(to_client, frames_for_client) => ended,
    }
}

async fn read(
    mut from: BufReader<OwnedReadHalf>,
    mut pass: impl FnMut(Vec<u8>),
) -> std::io::Result<()> {
    loop {
        let mut frame = vec![0; HEAD];
        from.read_exact(&mut frame).await?;
        let size = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
        frame.resize(HEAD + size as usize + 1, 0);
        from.read_exact(&mut frame[HEAD..]).await?;
        pass(frame);
    }
}

async fn write(
    mut to: OwnedWriteHalf,
    mut frames: UnboundedReceiver<Vec<u8>>,
) -> std::io::Result<()> {
    while let Some(frame) = frames.recv().await {
        to.write_all(&frame).await?;
    }
    Ok(())
}

/// Notes what a client's frame says about its channel.
fn note_request(frame: &[u8], channels: &Mutex<Channels>) {
    let Some((channel, method)) = method(frame) else { return };
    let mut channels = channels.lock().expect("no holder panics");
    // Both have a reserved number of two bytes first.
    if let Some(arguments) = method.strip_prefix(&PUBLISH) {
        channels.published_to.insert(channel, short_string(&arguments[2..]));
    } else if let Some(arguments) = method.strip_prefix(&CONSUME) {
        channels.consumed.insert(channel, short_string(&arguments[2..]));
    }
}

/// The frame for the client, for one that the broker has sent. None where it is lost.
fn reply(
    mut frame: Vec<u8>,
    channels: &Mutex<Channels>,
    faults: &Mutex<Faults>,
    to_broker: &UnboundedSender<Vec<u8>>,
) -> Option<Vec<u8>> {
    let Some((channel, method)) = method(&frame) else { return Some(frame) };
    let channels = channels.lock().expect("no holder panics");
    let mut faults = faults.lock().expect("no holder panics");
    if let Some(arguments) = method.strip_prefix(&CONSUME_OK) {
        let queue = channels.consumed.get(&channel).cloned().unwrap_or_default();
        if faults.unanswered_consumers.as_mut().is_some_and(|it| is_due(it, &queue)) {
            return None;
        }
        let (tag, to_broker) = (short_string(arguments), to_broker.clone());
        faults.consumers.push(Consumer { queue, channel, tag, to_broker });
    } else if let Some(arguments) = method.strip_prefix(&DECLARE_OK) {
        let queue = short_string(arguments);
        if faults.empty_queue.as_mut().is_some_and(|it| is_due(it, &queue)) {
            // The numbers of messages and of consumers are the last eight bytes of the payload.
            let end = frame.len() - 1;
            frame[end - 8..end].fill(0);
        }
    } else if method.starts_with(&ACK) {
        let exchange = channels.published_to.get(&channel)?;
        if faults.unconfirmed.as_mut().is_some_and(|it| is_due(it, exchange)) {
            return None;
        }
    }
    Some(frame)
}

/// Whether a fault of this name is to happen once more; counts it.
fn is_due(fault: &mut (String, u32), name: &str) -> bool {
    let due = fault.0 == name && fault.1 > 0;
    fault.1 -= u32::from(due);
    due
}

/// The channel of a method's frame, and its payload.
fn method(frame: &[u8]) -> Option<([u8; 2], &[u8])> {
    let [METHOD, high, low, ..] = *frame else { return None };
    Some(([high, low], &frame[HEAD..frame.len() - 1]))
}

fn short_string(from: &[u8]) -> String {
    let length = usize::from(from[0]);
    String::from_utf8_lossy(&from[1..=length]).into_owned()
}

/// A `basic.cancel` that is not answered.
fn cancel(consumer: &Consumer) -> Vec<u8> {
    let tag = consumer.tag.as_bytes();
    let length = u8::try_from(tag.len()).expect("a consumer tag is short");
    let mut payload = CANCEL.to_vec();
    payload.push(length);
    payload.extend_from_slice(tag);
    payload.push(1);
    let mut frame = vec![METHOD];
    frame.extend_from_slice(&consumer.channel);
    frame.extend_from_slice(&u32::try_from(payload.len()).expect("it is short").to_be_bytes());
    frame.extend_from_slice(&payload);
    frame.push(FRAME_END);
    frame
}
