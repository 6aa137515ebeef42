//! The error of declaring or inspecting an exchange or a queue.

use std::fmt;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

/// The kind of an item of the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyKind {
    /// An exchange.
    Exchange,
    /// A queue.
    Queue,
}

impl fmt::Display for TopologyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchange => "exchange",
            Self::Queue => "queue",
        })
    }
}

/// The reason for which the topology could not be declared or inspected.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// An exchange or queue of that name exists with other properties. An operator must delete or
    /// rename it; another attempt does not help.
    #[error("{kind} {name:?} exists with other properties than postern needs: {detail}")]
    Conflict {
        /// Exchange or queue.
        kind: TopologyKind,
        /// Its name.
        name: String,
        /// The broker's message: the property, the value wanted ("received") and the one found
        /// ("current").
        detail: String,
    },
    /// The broker's user may not declare, bind or inspect it.
    #[error("the broker does not let this user declare {kind} {name:?}: {detail}")]
    Refused {
        /// Exchange or queue.
        kind: TopologyKind,
        /// Its name.
        name: String,
        /// The broker's message.
        detail: String,
    },
    /// The connection was lost.
    #[error("the connection to the broker was lost while declaring exchanges and queues")]
    Connection(#[from] lapin::Error),
}

impl TopologyError {
    /// Whether a later attempt can succeed without an operator's action.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::Refused { .. } => false,
            Self::Connection(_) => true,
        }
    }

    pub(super) fn of(kind: TopologyKind, name: &str, error: lapin::Error) -> Self {
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return Self::Connection(error);
        };
        let AMQPErrorKind::Soft(code) = protocol.kind() else { return Self::Connection(error) };
        let (name, detail) = (name.to_owned(), protocol.get_message().to_string());
        match code {
            AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::RESOURCELOCKED => {
                Self::Conflict { kind, name, detail }
            }
            AMQPSoftError::ACCESSREFUSED => Self::Refused { kind, name, detail },
            _ => Self::Connection(error),
        }
    }
}
