//! Zstandard frames.

use std::io;
use std::thread;

use ::zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use crate::decoder::Decoded;
use crate::encoder::Chunks;

/// What each thread compresses. It shows in the bytes, other than how many threads there are, as long as there is one.
const JOB_BYTES: u32 = 2 << 20;

/// What is taken where no level is asked for. Beside 3, which pg_dump takes, it costs three fifths of the time; text comes out 5 to 8 % larger,
/// and rows of hashes, keys and numbers 10 % smaller.
const LEVEL: i32 = 2;

/// Makes one frame of each stream: pg_restore reads no further than the end of the first.
pub(crate) struct Zstd {
    encoder: Encoder<'static>,
}

impl Zstd {
    pub(crate) fn new(level: Option<i32>, is_long: bool) -> io::Result<Self> {
        let mut encoder = Encoder::new(level.unwrap_or(LEVEL))?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        encoder.set_parameter(CParameter::NbWorkers(u32::try_from(threads).unwrap_or(1)))?;
        encoder.set_parameter(CParameter::JobSize(JOB_BYTES))?;
        encoder.set_parameter(CParameter::EnableLongDistanceMatching(is_long))?;
        Ok(Self { encoder })
    }

    pub(crate) fn write<S: Chunks>(&mut self, mut data: &[u8], chunks: &mut S) -> io::Result<()> {
        while !data.is_empty() {
            let status = self.encoder.run_on_buffers(data, chunks.room()?)?;
            data = &data[status.bytes_read..];
            chunks.filled(status.bytes_written);
        }
        Ok(())
    }

    /// Ends the frame, and makes ready for another.
    pub(crate) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<()> {
        loop {
            let mut output = OutBuffer::around(chunks.room()?);
            let left = self.encoder.finish(&mut output, true)?;
            let length = output.pos();
            chunks.filled(length);
            if left == 0 {
                return self.encoder.reinit();
            }
        }
    }
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd").finish_non_exhaustive()
    }
}

/// Reads frames. One may ask for a window of 128 MiB, as those of pg_dump do at its highest level and with `long`, but for no larger
/// one.
#[derive(Default)]
pub(crate) struct Unzstd {
    /// Once there was a stream.
    decoder: Option<Decoder<'static>>,
    /// Whether a frame has just ended.
    is_at_end: bool,
}

impl Unzstd {
    /// Makes ready for another stream.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        self.is_at_end = false;
        match &mut self.decoder {
            Some(decoder) => decoder.reinit(),
            none => {
                *none = Some(Decoder::new()?);
                Ok(())
            }
        }
    }

    pub(crate) fn may_end(&self) -> bool {
        self.is_at_end
    }

    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<Decoded> {
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        // Without input it would wait for the next frame.
        if let Some(decoder) = &mut self.decoder
            && !(input.is_empty() && self.is_at_end)
        {
            self.is_at_end = decoder.run(&mut from, &mut to)? == 0;
        }
        Ok(Decoded {
            consumed: from.pos(),
            produced: to.pos(),
            ended: false,
        })
    }
}

impl std::fmt::Debug for Unzstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unzstd")
            .field("is_at_end", &self.is_at_end)
            .finish_non_exhaustive()
    }
}
