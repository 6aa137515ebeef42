//! The strings of methods, repaired in place.

use super::cursor::{Unreadable, bytes, range, replace_invalid, short};

/// Class and method.
const HEAD: usize = 4;

/// `connection.open-ok`: the connection is open.
const OPEN_OK: [u16; 2] = [10, 41];
/// `connection.tune`: the broker's limits.
const TUNE: [u16; 2] = [10, 30];
/// The methods that a message follows.
const RETURN: [u16; 2] = [60, 50];
const DELIVER: [u16; 2] = [60, 60];
const GET_OK: [u16; 2] = [60, 71];
/// The methods that end a channel.
const CLOSE: [u16; 2] = [20, 40];
const CLOSE_OK: [u16; 2] = [20, 41];

/// The position of the maximum frame size in `connection.tune`: after the maximum of channels.
const FRAME_MAX: usize = HEAD + 2;

/// The fields of a method, as far as the last string.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// A short string.
    Text,
    /// So many bytes.
    Other(usize),
}

/// What a method means for the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The connection is open.
    Opened,
    /// The broker's maximum size of a frame.
    Tune(u32),
    /// A message follows. `repaired`: whether a string was changed.
    Content {
        repaired: bool,
    },
    /// The channel is closed.
    ChannelEnd,
    Other,
}

/// Repairs the strings of a method that the broker sends.
pub(super) fn repair(payload: &mut [u8]) -> Method {
    read(payload).unwrap_or(Method::Other)
}

fn read(payload: &mut [u8]) -> Result<Method, Unreadable> {
    let class = u16::from_be_bytes(bytes(payload, 0)?);
    let id = [class, u16::from_be_bytes(bytes(payload, 2)?)];
    let mut at = HEAD;
    let mut repaired = false;
    for field in fields(id) {
        at = match *field {
            Field::Other(size) => range(payload, at, size)?.end,
            Field::Text => {
                let text = short(payload, at)?;
                let next = text.end;
                repaired |= replace_invalid(&mut payload[text]);
                next
            }
        };
    }
    Ok(match id {
        OPEN_OK => Method::Opened,
        TUNE => Method::Tune(u32::from_be_bytes(bytes(payload, FRAME_MAX)?)),
        RETURN | DELIVER | GET_OK => Method::Content { repaired },
        CLOSE | CLOSE_OK => Method::ChannelEnd,
        _ => Method::Other,
    })
}

/// The fields of those methods of a broker that have short strings.
fn fields(id: [u16; 2]) -> &'static [Field] {
    use Field::{Other, Text};
    match id {
        // connection.open-ok, connection.blocked, queue.declare-ok, basic.consume-ok, basic.cancel,
        // basic.cancel-ok, basic.get-empty
        OPEN_OK | [10, 60] | [50, 11] | [60, 21] | [60, 30] | [60, 31] | [60, 72] => &[Text],
        // connection.close
        [10, 50] | CLOSE => &[Other(2), Text],
        RETURN => &[Other(2), Text, Text, Text],
        DELIVER => &[Text, Other(9), Text, Text],
        GET_OK => &[Other(9), Text, Text],
        _ => &[],
    }
}
