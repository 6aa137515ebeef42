//! The standard output of a worker as a pipe, which can be left unread.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};

/// More than a pipe holds.
const FILLING: usize = 1 << 18;

/// A pipe that is read, and its content dropped, until it is left unread.
#[derive(Debug)]
pub struct WorkerOutput {
    writer: PipeWriter,
    unread: Arc<AtomicBool>,
    /// Keeps the reading end open: writing to a pipe without one fails at once.
    _reading: JoinHandle<PipeReader>,
}

impl WorkerOutput {
    pub(crate) fn new() -> Self {
        let (mut reader, writer) = pipe().expect("a pipe opens");
        let unread = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&unread);
        let reading = spawn(move || {
            let mut piece = [0; 4096];
            while !until.load(Ordering::SeqCst) && matches!(reader.read(&mut piece), Ok(1..)) {}
            reader
        });
        Self { writer, unread, _reading: reading }
    }

    /// The end for a worker.
    pub(crate) fn writer(&self) -> Stdio {
        self.writer.try_clone().expect("a pipe can be shared").into()
    }

    /// From now on nothing reads it, and it is full.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::SeqCst);
        let mut writer = self.writer.try_clone().expect("a pipe can be shared");
        // Blocked until the reading end closes.
        spawn(move || writer.write_all(&[b'\n'; FILLING]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn a_pipe_that_is_left_unread_blocks_its_writer() {
        let output = WorkerOutput::new();
        let mut writer = output.writer.try_clone().unwrap();
        writer.write_all(&[b'x'; FILLING]).unwrap();
        output.leave_unread();
        let (done, written) = channel();
        spawn(move || {
            let _ = writer.write_all(&[b'x'; FILLING]);
            let _ = done.send(());
        });
        assert!(written.recv_timeout(Duration::from_millis(300)).is_err(), "nothing reads it");
        drop(output);
        written.recv_timeout(Duration::from_secs(20)).expect("the reading end has closed");
    }
}
