//! Reading a file line by line, whatever is in it.

use std::io::{self, BufRead};

/// No line of the audit is as long: ids are at most 256 bytes.
const LONGEST: usize = 64 * 1024;

/// What came of reading a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// There is none.
    End,
    /// All of one, and the bytes that it took.
    Whole(u64),
    /// One that does not end, or not yet.
    Torn,
}

/// The next line, without its end. What is too long to be one of ours, or no text, is a line of
/// nothing but `?`.
pub(super) fn next(reader: &mut impl BufRead, line: &mut String) -> io::Result<Read> {
    let mut bytes = Vec::new();
    let mut read = Read::End;
    let mut taken = 0;
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
        // One byte more than there may be, to see that it is too long.
        bytes.extend_from_slice(&part[..part.len().min(LONGEST + 1 - bytes.len())]);
        let length = part.len() + usize::from(end.is_some());
        reader.consume(length);
        taken += length as u64;
        read = Read::Torn;
        if end.is_some() {
            read = Read::Whole(taken);
            break;
        }
    }
    line.clear();
    match str::from_utf8(&bytes) {
        Ok(text) if bytes.len() <= LONGEST => line.push_str(text),
        Ok(_) | Err(_) => line.push('?'),
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_kind_are_read_with_a_bounded_memory() {
        let mut text = b"one\n\n\xff\xfe\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', LONGEST * 3));
        text.extend(b"\nlast, torn");
        // A small buffer, so that lines come in parts.
        let mut reader = io::BufReader::with_capacity(7, text.as_slice());
        let (mut line, mut lines) = (String::new(), Vec::new());
        while next(&mut reader, &mut line).unwrap() != Read::End {
            lines.push(line.clone());
        }
        assert_eq!(lines, ["one", "", "?", "?", "last, torn"]);
    }
}
