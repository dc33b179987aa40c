//! Messages of the server, cut out of one read buffer.

use std::io;
use std::ops::Range;
use std::time::Duration;

use postgres_protocol::message::backend::{COPY_DATA_TAG, DATA_ROW_TAG};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{Error, Result};

/// How much is asked of the stream at a time, and the size of the buffer while no message is larger.
const READ_BYTES: usize = 256 * 1024;

/// A read that brings less is short.
const SHORT_READ_BYTES: usize = 32 * 1024;

/// How long the pause after a short read is at least; the timer counts in milliseconds. What a network brings meanwhile fits in
/// the buffers of the system and of the processor.
const PAUSE: Duration = Duration::from_micros(100);

/// The longest row that a server can make: its buffers end at 1 GiB (source: MaxAllocSize, memutils.h).
const DATA_ROW_LIMIT: usize = 1 << 30;

/// The longest message of any other kind that is taken: far above what servers send, and bearable.
const MESSAGE_LIMIT: usize = 16 << 20;

/// The longest message that is taken where only short ones are expected: what libpq takes of a server that it does
/// not know yet (source: PQconnectPoll, fe-connect.c), and more.
const SHORT_MESSAGE_LIMIT: usize = 64 << 10;

/// The tag byte and the length before each body.
const HEADER_BYTES: usize = 5;

/// One message; its body is asked of the reader and stays there until the next one is taken.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The message's type byte.
    pub(crate) tag: u8,
    body: Range<usize>,
}

/// Cuts the server's bytes into messages.
///
/// CopyData is not given message by message, unless that is [asked for](FrameReader::keep_copy_messages): a frame with
/// that tag carries all the COPY bytes at hand, from as many messages as they came in, the headers squeezed out. A
/// message of any length passes in pieces.
pub(crate) struct FrameReader {
    /// Always initialised to its whole length.
    buffer: Vec<u8>,
    /// What has been read and not been taken.
    start: usize,
    end: usize,
    /// How many bytes of a CopyData message, whose header has been taken, are still to be passed on.
    copy_rest: usize,
    short_messages: bool,
    copy_messages: bool,
    pauses: bool,
    /// Whether the last read was short.
    was_short: bool,
}

impl FrameReader {
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; READ_BYTES],
            start: 0,
            end: 0,
            copy_rest: 0,
            short_messages: false,
            copy_messages: false,
            pauses: false,
            was_short: false,
        }
    }

    /// Whether no message may be longer than 64 KiB.
    pub(crate) fn expect_short_messages(&mut self, expected: bool) {
        self.short_messages = expected;
    }

    pub(crate) fn expects_short_messages(&self) -> bool {
        self.short_messages
    }

    /// Whether CopyData comes message by message, each whole and no longer than any other kind may be: where the protocol
    /// inside them goes by messages. To be changed between statements only.
    pub(crate) fn keep_copy_messages(&mut self, kept: bool) {
        self.copy_messages = kept;
    }

    /// Whether a short read is followed by a pause.
    pub(crate) fn pause_after_short_reads(&mut self, wanted: bool) {
        self.pauses = wanted;
    }

    /// The next message. Cancel safe: what has been read stays in the buffer.
    pub(crate) async fn next<S>(&mut self, stream: &mut S, doing: &'static str) -> Result<Frame>
    where
        S: AsyncRead + Unpin,
    {
        loop {
            match self.take() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(what) => return Err(Error::Protocol { doing, what }),
            }
            self.fill(stream)
                .await
                .map_err(|source| Error::ConnectionLost { doing, source })?;
        }
    }

    /// The body of the message taken last.
    pub(crate) fn body(&self, frame: &Frame) -> &[u8] {
        &self.buffer[frame.body.clone()]
    }

    /// What has been read beyond the last message.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn take(&mut self) -> Result<Option<Frame>, String> {
        let run = self.take_copy_data();
        if !run.is_empty() {
            return Ok(Some(Frame {
                tag: COPY_DATA_TAG,
                body: run,
            }));
        }
        if self.copy_rest > 0 {
            return Ok(None);
        }
        let Some((tag, length)) = self.header()? else {
            return Ok(None);
        };
        if self.end - self.start - HEADER_BYTES < length {
            return Ok(None);
        }
        let body = self.start + HEADER_BYTES..self.start + HEADER_BYTES + length;
        self.start = body.end;
        Ok(Some(Frame { tag, body }))
    }

    /// Takes all the COPY bytes that are at hand: the first piece stays where it is, the following ones are
    /// moved down over the headers between them.
    fn take_copy_data(&mut self) -> Range<usize> {
        let mut run = self.start..self.start;
        if self.copy_messages {
            return run;
        }
        loop {
            let piece = self.copy_rest.min(self.end - self.start);
            if piece > 0 {
                if run.is_empty() {
                    run = self.start..self.start + piece;
                } else {
                    self.buffer
                        .copy_within(self.start..self.start + piece, run.end);
                    run.end += piece;
                }
                self.start += piece;
                self.copy_rest -= piece;
            }
            // A malformed header is reported by whoever asks next, after these bytes have been passed on.
            match self.header() {
                Ok(Some((COPY_DATA_TAG, length))) if self.copy_rest == 0 => {
                    self.start += HEADER_BYTES;
                    self.copy_rest = length;
                }
                _ => return run,
            }
        }
    }

    /// The tag and the body's length of the message that starts here, if its header has been read.
    fn header(&self) -> Result<Option<(u8, usize)>, String> {
        let Some(&[tag, a, b, c, d]) = self.rest().first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes([a, b, c, d]);
        // The length counts itself.
        let Some(body) = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_sub(4))
        else {
            return Err(format!(
                "message '{}' of impossible length {length}",
                tag.escape_ascii()
            ));
        };
        let limit = match tag {
            _ if self.short_messages => SHORT_MESSAGE_LIMIT,
            COPY_DATA_TAG if !self.copy_messages => usize::MAX,
            DATA_ROW_TAG => DATA_ROW_LIMIT,
            _ => MESSAGE_LIMIT,
        };
        if body > limit {
            return Err(format!(
                "message '{}' of {body} bytes, more than the {limit} allowed",
                tag.escape_ascii()
            ));
        }
        Ok(Some((tag, body)))
    }

    /// Reads once, making room first. The buffer grows only when it is full of one message's bytes.
    async fn fill<S>(&mut self, stream: &mut S) -> io::Result<()>
    where
        S: AsyncRead + Unpin,
    {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            let whole = match self.header() {
                Ok(Some((_, length))) => length + HEADER_BYTES,
                _ => usize::MAX,
            };
            self.buffer.resize(whole.min(self.buffer.len() * 2), 0);
        } else if self.end == 0 && self.buffer.len() > READ_BYTES {
            self.buffer = vec![0; READ_BYTES];
        }
        if self.pauses && self.was_short {
            tokio::time::sleep(PAUSE).await;
        }
        let read = stream.read(&mut self.buffer[self.end..]).await?;
        self.was_short = read < SHORT_READ_BYTES.min(self.buffer.len() - self.end);
        match read {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )),
            read => {
                self.end += read;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
