//! Loopback ports for servers that must come back on the same one.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// Below the range from which the kernel takes ports for outgoing connections: one from that range may be somebody's
/// outgoing one just when a killed server wants to come back.
const RANGE: std::ops::Range<u16> = 16_000..32_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port on which nobody listens, given out once per test process.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(RANGE);
        let fresh = GIVEN.lock().expect("no holder panics").insert(port);
        if fresh && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
