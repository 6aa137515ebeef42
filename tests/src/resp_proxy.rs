//! A proxy in front of Redis that passes commands on, answers some of them with an error, or loses replies.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The commands that run scripts.
pub const SCRIPTS: &[&str] = &["EVAL", "EVALSHA", "FCALL"];

/// Commands that are answered with an error, and do not reach Redis.
#[derive(Debug, Clone)]
struct Fault {
    commands: &'static [&'static str],
    error: String,
}

/// Replies that are lost after their effect, with the connection. Replies that are errors are not.
#[derive(Debug, Default)]
struct LostReplies {
    /// A part of the command, such as a part of a key.
    about: &'static str,
    left: usize,
}

/// What the proxy does now.
#[derive(Debug, Clone)]
struct Behaviour {
    fault: watch::Receiver<Option<Fault>>,
    lost: Arc<Mutex<LostReplies>>,
}

impl Behaviour {
    fn fault_of(&self, command: &[u8]) -> Option<Fault> {
        let fault = self.fault.borrow().clone();
        fault.filter(|fault| fault.commands.contains(&&*name(command)))
    }

    /// Whether the reply to this command is to be lost; it counts as lost then.
    fn loses(&self, command: &[u8], reply: &[u8]) -> bool {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let loses =
            lost.left > 0 && !reply.starts_with(b"-") && contains(command, lost.about.as_bytes());
        lost.left -= usize::from(loses);
        loses
    }
}

/// A proxy on loopback; it ends with all connections when dropped. It sends one command of a connection after the
/// other, and waits for each reply.
#[derive(Debug)]
pub struct RespProxy {
    url: String,
    fault: watch::Sender<Option<Fault>>,
    lost: Arc<Mutex<LostReplies>>,
    task: JoinHandle<()>,
}

impl RespProxy {
    /// Starts a proxy in front of the Redis with this address. At first it passes everything on.
    ///
    /// # Panics
    /// If the address is not `redis://HOST:PORT…`.
    pub async fn before(redis_url: &str) -> Self {
        let address = redis_url.strip_prefix("redis://").expect("an address without TLS");
        let (server, database) = address.split_once('/').unwrap_or((address, ""));
        let server = server.rsplit_once('@').map_or(server, |(_, server)| server).to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let credentials =
            address.split_once('@').map_or_else(String::new, |(it, _)| format!("{it}@"));
        let url = format!("redis://{credentials}127.0.0.1:{port}/{database}");
        let (fault, faults) = watch::channel(None);
        let lost = Arc::<Mutex<LostReplies>>::default();
        let behaviour = Behaviour { fault: faults, lost: Arc::clone(&lost) };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, server.clone(), behaviour.clone()));
                // Ended connections are removed from the set.
                while connections.try_join_next().is_some() {}
            }
        });
        Self { url, fault, lost, task }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, it answers these commands with this error, as `NOPERM this user has no permissions`. Names of
    /// commands are in capitals.
    pub fn refuse(&self, commands: &'static [&'static str], error: &str) {
        self.fault.send_replace(Some(Fault { commands, error: error.to_owned() }));
    }

    /// From now on, the next replies to commands that contain this text are lost after their effect, each
    /// with its connection.
    pub fn lose_replies(&self, about: &'static str, count: usize) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        *lost = LostReplies { about, left: count };
    }

    /// How many replies are still to be lost.
    pub fn replies_to_lose(&self) -> usize {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).left
    }

    /// From now on, no command is answered with an error.
    pub fn pass(&self) {
        self.fault.send_replace(None);
    }
}

impl Drop for RespProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes the commands of a connection on until one side ends it.
async fn connection(client: TcpStream, server: String, behaviour: Behaviour) -> Option<()> {
    let server = TcpStream::connect(server).await.ok()?;
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut commands, mut to_client): (Reader, OwnedWriteHalf) = halves(client);
    let (mut replies, mut to_server): (Reader, OwnedWriteHalf) = halves(server);
    loop {
        let command = value(&mut commands).await?;
        match behaviour.fault_of(&command) {
            Some(fault) => {
                let error = format!("-{}\r\n", fault.error);
                to_client.write_all(error.as_bytes()).await.ok()?;
            }
            None => {
                to_server.write_all(&command).await.ok()?;
                let reply = value(&mut replies).await?;
                if behaviour.loses(&command, &reply) {
                    return None;
                }
                to_client.write_all(&reply).await.ok()?;
            }
        }
    }
}

fn contains(command: &[u8], part: &[u8]) -> bool {
    command.windows(part.len().max(1)).any(|window| window == part)
}

type Reader = BufReader<OwnedReadHalf>;

fn halves(stream: TcpStream) -> (Reader, OwnedWriteHalf) {
    let (read, write) = stream.into_split();
    (BufReader::new(read), write)
}

/// The bytes of one value, whole (RESP 2): a command or a reply. None where the connection ends.
async fn value(from: &mut Reader) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut missing = 1_u64;
    while missing > 0 {
        missing -= 1;
        let begin = bytes.len();
        from.read_until(b'\n', &mut bytes).await.ok()?;
        let line = std::str::from_utf8(bytes[begin..].strip_suffix(b"\r\n")?).unwrap_or_default();
        // A length of -1 is that of a missing value.
        let length = || line[1..].parse::<i64>().ok().map(|it| u64::try_from(it).ok());
        match line.as_bytes().first() {
            Some(b'*') => missing += length()?.unwrap_or(0),
            Some(b'$') => {
                if let Some(length) = length()? {
                    let read = from.take(length + 2).read_to_end(&mut bytes).await.ok()?;
                    (read as u64 == length + 2).then_some(())?;
                }
            }
            // A simple string, an error or a number ends with its line.
            _ => {}
        }
    }
    Some(bytes)
}

/// The name of a command, in capitals: the first element of its array.
fn name(command: &[u8]) -> String {
    let mut lines = command.split(|byte| *byte == b'\n').skip(2);
    let name = lines.next().unwrap_or_default().trim_ascii_end();
    String::from_utf8_lossy(name).to_uppercase()
}
