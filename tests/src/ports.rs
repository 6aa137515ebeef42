//! Loopback ports for servers that are restarted on the same port.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// Below the range from which the kernel takes ports for outgoing connections: a port of that range may be in use for
/// an outgoing connection when a killed server restarts.
const RANGE: std::ops::Range<u16> = 16_000..32_000;

static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port without a listener; each port is returned once per test process.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(RANGE);
        let fresh = USED.lock().expect("no holder panics").insert(port);
        if fresh && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
