//! gzip, LZ4 and Zstandard, as archives of pg_dump, its scripts and base backups hold them.
//!
//! [`Encoder`] makes a stream, for whom its chunks matter, and [`Compressed`] a file. What is large is compressed by all processors; the
//! bytes depend on the data alone, not on how many there are nor on how the data comes. [`Decoder`] unpacks what
//! archives hold into a buffer, and [`Unpacker`] files as they arrive.

mod compressed;
mod compression;
mod cutter;
mod decoder;
mod deflate;
mod encoder;
mod gzip;
mod inflate;
mod lz4;
mod lz4_frames;
mod pieces;
mod pool;
mod unpacker;
mod zstd;

pub use compressed::Compressed;
pub use compression::{Compression, InvalidCompression};
pub use decoder::{Decoded, Decoder};
pub use encoder::{Chunks, Encoder, Frame};
pub use unpacker::Unpacker;
