//! Unpacking zlib streams (RFC 1950), as archives hold them.

use std::fmt;

use fdeflate::{DecompressionError, Decompressor};

use crate::decoder::Decoded;

/// How far back a stream refers to what it gave (RFC 1951, section 2).
const WINDOW: usize = 32 * 1024;
/// How much is unpacked before the window moves. A repetition, of 258 bytes at the most, that the end of it cuts must find room behind
/// the window for all of its rest, or fdeflate forgets it in the checksum.
const ROOM: usize = 256 * 1024;

/// A zlib stream that is being unpacked.
pub(crate) struct Inflate {
    decompressor: Decompressor,
    /// The window, and what was unpacked behind it.
    unpacked: Vec<u8>,
    /// How much of `unpacked` was given away, and how much is there.
    given: usize,
    end: usize,
}

impl Default for Inflate {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            unpacked: vec![0; WINDOW + ROOM],
            given: 0,
            end: 0,
        }
    }
}

impl Inflate {
    /// Makes ready for a stream.
    pub(crate) fn reset(&mut self) {
        self.decompressor = Decompressor::new();
        self.given = 0;
        self.end = 0;
    }

    /// As [`Decoder::decode`](crate::Decoder::decode). Of what stands behind the end of a stream some bytes may be taken with it.
    pub(crate) fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<Decoded, &'static str> {
        let mut consumed = 0;
        if self.given == self.end {
            if self.end == self.unpacked.len() {
                self.unpacked.copy_within(ROOM.., 0);
                self.given = WINDOW;
                self.end = WINDOW;
            }
            let read = self
                .decompressor
                .read(input, &mut self.unpacked, self.end, false);
            let (used, unpacked) = read.map_err(|error| reason(&error))?;
            consumed = used;
            self.end += unpacked;
        }
        let held = &self.unpacked[self.given..self.end];
        let produced = held.len().min(output.len());
        output[..produced].copy_from_slice(&held[..produced]);
        self.given += produced;
        Ok(Decoded {
            consumed,
            produced,
            ended: self.decompressor.is_done() && self.given == self.end,
        })
    }
}

/// Why a stream cannot be read, in zlib's words, which people know.
fn reason(error: &DecompressionError) -> &'static str {
    match error {
        DecompressionError::BadZlibHeader => "incorrect header check",
        DecompressionError::WrongChecksum => "incorrect data check",
        DecompressionError::DistanceTooFarBack => "invalid distance too far back",
        _ => "bad data",
    }
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflate")
            .field("given", &self.given)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;

    use super::*;

    fn deflate(plain: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// What a stream gives that comes in chunks, into buffers of a size. An error, too, where it does not end.
    fn inflate(
        inflate: &mut Inflate,
        packed: &[u8],
        chunk: usize,
        size: usize,
    ) -> Result<Vec<u8>, &'static str> {
        let (mut plain, mut output) = (Vec::new(), vec![0; size]);
        for mut input in packed.chunks(chunk).chain([&[][..]]) {
            loop {
                let decoded = inflate.decode(input, &mut output)?;
                input = &input[decoded.consumed..];
                plain.extend_from_slice(&output[..decoded.produced]);
                if decoded.ended {
                    return Ok(plain);
                }
                if decoded.consumed == 0 && decoded.produced == 0 {
                    assert!(input.is_empty(), "no progress");
                    break;
                }
            }
        }
        Err("cut off")
    }

    /// Runs of bytes and rows of text, longer than the window and the room behind it.
    fn long(seed: u64) -> Vec<u8> {
        let mut state = seed | 1;
        let mut plain = Vec::new();
        while plain.len() < 3 * (WINDOW + ROOM) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let number = usize::try_from(state >> 40).unwrap();
            match number % 5 {
                0 => plain.extend(vec![b' '; number % 100_000]),
                1 if plain.len() > WINDOW => {
                    plain.extend_from_within(plain.len() - WINDOW..plain.len() - WINDOW + 300);
                }
                2 => plain.extend(state.to_le_bytes().repeat(number % 700)),
                _ => plain.extend(format!("{state}\t{number}\n").into_bytes()),
            }
        }
        plain
    }

    #[test]
    fn long_streams_of_every_level_give_what_was_packed() {
        let mut reader = Inflate::default();
        for level in 0..=9 {
            let plain = long(u64::from(level) + 77);
            let packed = deflate(&plain, level);
            for (chunk, size) in [
                (1, 1 << 20),
                (7, 1000),
                (4096, 256),
                (4096, 1 << 18),
                (1 << 20, 1 << 20),
            ] {
                reader.reset();
                let unpacked = inflate(&mut reader, &packed, chunk, size).unwrap();
                assert!(unpacked == plain, "level {level}, {chunk}, {size}");
            }
        }
    }

    #[test]
    fn streams_that_are_not_whole_are_told() {
        let plain = long(5);
        let packed = deflate(&plain, 6);
        let damaged = |place: usize| {
            let mut packed = packed.clone();
            packed[place] ^= 1;
            inflate(&mut Inflate::default(), &packed, 4096, 1 << 16)
        };
        assert_eq!(damaged(1).unwrap_err(), "incorrect header check");
        assert_eq!(
            damaged(packed.len() - 1).unwrap_err(),
            "incorrect data check"
        );
        for length in [0, 1, 2, 1000, packed.len() - 5, packed.len() - 1] {
            let unpacked = inflate(&mut Inflate::default(), &packed[..length], 4096, 1 << 16);
            assert_eq!(unpacked.unwrap_err(), "cut off", "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_damage_is_found(
            seed in any::<u64>(), level in 0u32..10, places in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4),
            chunk in 1usize..10_000
        ) {
            let plain = &long(seed)[..40_000];
            let mut packed = deflate(plain, level);
            for (place, change) in places {
                let place = place.index(packed.len());
                packed[place] ^= change;
            }
            // Bits that mean nothing may change.
            if let Ok(unpacked) = inflate(&mut Inflate::default(), &packed, chunk, 5000) {
                prop_assert!(unpacked == plain);
            }
        }
    }
}
