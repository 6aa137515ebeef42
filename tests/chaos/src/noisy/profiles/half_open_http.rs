//! Half-sent HTTP requests at the port for health and metrics.

use super::super::trouble_phase::TroublePhase;
use end_to_end::worker::Worker;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// More than a process may usually have open.
const CONNECTIONS: usize = 1_200;
/// The worker may close them meanwhile; then they are opened again.
const PAUSE: Duration = Duration::from_secs(4);

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    phase.trouble_begins().await;
    loop {
        let mut half_sent = Vec::new();
        for slot in &phase.system.slots {
            let address = slot.with(|worker: &Worker| worker.address().to_owned()).await;
            let Some(address) = address else { continue };
            for _ in 0..CONNECTIONS {
                let Ok(mut stream) = TcpStream::connect(&address).await else { break };
                // The worker may have closed it for a later one.
                let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: ").await;
                half_sent.push(stream);
            }
        }
        sleep(PAUSE).await;
    }
}
