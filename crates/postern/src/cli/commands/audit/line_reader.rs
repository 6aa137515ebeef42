//! Reads a file of any content line by line, in bounded memory.

use std::io::{self, BufRead};

/// More than the longest line of the audit: ids are at most 256 bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The result of reading a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineRead {
    /// There is no further line.
    End,
    /// A complete line of this many bytes, with its end.
    Complete { bytes: u64 },
    /// A line without its end, which may still be written.
    Incomplete,
}

/// Reads the next line, without its end. A line that is too long or not UTF-8 is read as `?`.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut String) -> io::Result<LineRead> {
    let mut bytes = Vec::new();
    let mut result = LineRead::End;
    let mut consumed = 0;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            break;
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        // One byte more than the limit, which shows that the line is too long.
        bytes.extend_from_slice(&part[..part.len().min(MAX_BYTES + 1 - bytes.len())]);
        let length = part.len() + usize::from(end.is_some());
        reader.consume(length);
        consumed += length as u64;
        result = LineRead::Incomplete;
        if end.is_some() {
            result = LineRead::Complete { bytes: consumed };
            break;
        }
    }
    line.clear();
    match str::from_utf8(&bytes) {
        Ok(text) if bytes.len() <= MAX_BYTES => line.push_str(text),
        Ok(_) | Err(_) => line.push('?'),
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_content_are_read_in_bounded_memory() {
        let mut text = b"one\n\n\xff\xfe\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', MAX_BYTES * 3));
        text.extend(b"\nlast, incomplete");
        // A small buffer, so that a line takes several reads.
        let mut reader = io::BufReader::with_capacity(7, text.as_slice());
        let (mut line, mut lines) = (String::new(), Vec::new());
        while read_line(&mut reader, &mut line).unwrap() != LineRead::End {
            lines.push(line.clone());
        }
        assert_eq!(lines, ["one", "", "?", "?", "last, incomplete"]);
    }
}
