use proptest::prelude::*;
use tokio::io::{AsyncRead, ReadBuf};

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::*;

/// Gives its bytes in the pieces it was told, then the end of the stream.
struct Pieces(VecDeque<Vec<u8>>);

impl Pieces {
    fn of(bytes: &[u8], size: usize) -> Self {
        Self(bytes.chunks(size).map(<[u8]>::to_vec).collect())
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let taken = piece.len().min(out.remaining());
            out.put_slice(&piece[..taken]);
            if taken < piece.len() {
                self.0.push_front(piece.split_off(taken));
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// All messages, neighbouring COPY runs joined, and how the stream ended.
fn read_all(mut stream: Pieces) -> (Vec<(u8, Vec<u8>)>, Error) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut reader = FrameReader::new();
        let mut found: Vec<(u8, Vec<u8>)> = Vec::new();
        loop {
            match reader.next(&mut stream, "testing").await {
                Ok(frame) => match found.last_mut() {
                    Some((COPY_DATA_TAG, run)) if frame.tag == COPY_DATA_TAG => {
                        run.extend_from_slice(reader.body(&frame));
                    }
                    _ => found.push((frame.tag, reader.body(&frame).to_vec())),
                },
                Err(error) => return (found, error),
            }
        }
    })
}

#[test]
fn messages_may_be_split_at_every_byte() {
    let stream = [
        message(b'Z', b"I"),
        message(b'd', b"row 1\n"),
        message(b'd', b""),
        message(b'd', b"row two\n"),
        message(b'c', b""),
        message(b'C', b"COPY 2\0"),
        message(b'd', b"x"),
    ]
    .concat();
    let expected = [
        (b'Z', b"I".to_vec()),
        (b'd', b"row 1\nrow two\n".to_vec()),
        (b'c', Vec::new()),
        (b'C', b"COPY 2\0".to_vec()),
        (b'd', b"x".to_vec()),
    ];
    for cut in 0..=stream.len() {
        let (left, right) = stream.split_at(cut);
        let pieces = [left, right].into_iter().filter(|piece| !piece.is_empty());
        let (found, end) = read_all(Pieces(pieces.map(<[u8]>::to_vec).collect()));
        assert_eq!(found, expected, "cut at {cut}");
        assert!(
            matches!(
                end,
                Error::ConnectionLost {
                    doing: "testing",
                    ..
                }
            ),
            "{end}"
        );
    }
    assert_eq!(read_all(Pieces::of(&stream, 1)).0, expected);
}

#[test]
fn impossible_lengths_are_refused_before_anything_is_allocated() {
    for (tag, length, text) in [
        (b'Z', 3, "message 'Z' of impossible length 3"),
        (b'd', 0, "message 'd' of impossible length 0"),
        (b'E', -1, "message 'E' of impossible length -1"),
        (
            b'E',
            i32::MAX,
            "message 'E' of 2147483643 bytes, more than the 16777216 allowed",
        ),
        (
            b'D',
            i32::MAX,
            "message 'D' of 2147483643 bytes, more than the 1073741824 allowed",
        ),
        (
            0,
            i32::MIN,
            "message '\\x00' of impossible length -2147483648",
        ),
    ] {
        let header = [&[tag][..], &i32::to_be_bytes(length)].concat();
        let (found, error) = read_all(Pieces::of(&header, 5));
        assert!(found.is_empty());
        assert_eq!(
            error.to_string(),
            format!("protocol violation by the server while testing: {text}")
        );
    }
}

#[test]
fn where_short_messages_are_expected_no_long_one_is_taken() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for tag in *b"RESDd" {
        for (length, taken) in [(65_536, true), (65_537, false), (1 << 30, false)] {
            let mut reader = FrameReader::new();
            reader.expect_short_messages(true);
            let header = [&[tag][..], &i32::to_be_bytes(length + 4)].concat();
            let mut stream = Pieces(VecDeque::from([header, vec![0; 65_536]]));
            let result = runtime.block_on(reader.next(&mut stream, "testing"));
            assert_eq!(result.is_ok(), taken, "{tag} {length}");
            assert_eq!(reader.buffer.len(), READ_BYTES);
        }
    }
}

#[test]
fn a_promised_length_allocates_nothing_until_the_bytes_come() {
    let mut reader = FrameReader::new();
    let header = [&[b'D'][..], &(1_i32 << 30).to_be_bytes()].concat();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let result = runtime.block_on(reader.next(&mut Pieces::of(&header, 5), "testing"));
    assert!(matches!(result, Err(Error::ConnectionLost { .. })));
    assert_eq!(reader.buffer.len(), READ_BYTES);
}

#[test]
fn a_copy_frame_of_two_gigabytes_is_passed_on_in_pieces() {
    let header = [&[b'd'][..], &i32::MAX.to_be_bytes()].concat();
    let mut stream = Pieces(VecDeque::from([header]));
    stream.0.extend((0..64).map(|_| vec![7; 100_000]));
    let mut reader = FrameReader::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut bytes = 0;
    while let Ok(frame) = runtime.block_on(reader.next(&mut stream, "testing")) {
        bytes += reader.body(&frame).len();
    }
    assert_eq!(bytes, 6_400_000);
    assert_eq!(reader.buffer.len(), READ_BYTES);
}

#[test]
fn a_large_row_grows_the_buffer_and_leaves_it_small_again() {
    let row = vec![b'x'; 3 * READ_BYTES];
    let stream = [
        message(b'D', &row),
        message(b'D', b"small"),
        message(b'Z', b"I"),
    ]
    .concat();
    let mut pieces = Pieces::of(&stream, 50_000);
    let mut reader = FrameReader::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for expected in [&row[..], b"small", b"I"] {
        let frame = runtime
            .block_on(reader.next(&mut pieces, "testing"))
            .unwrap();
        assert_eq!(reader.body(&frame), expected);
    }
    assert!(
        runtime
            .block_on(reader.next(&mut pieces, "testing"))
            .is_err()
    );
    assert_eq!(reader.buffer.len(), READ_BYTES);
}

proptest! {
    #[test]
    fn any_messages_in_any_pieces_come_out_as_they_went_in(
        messages in prop::collection::vec((prop::sample::select(vec![b'd', b'D', b'C', b'T']), prop::collection::vec(any::<u8>(), 0..300)), 0..30),
        size in 1_usize..700,
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(|(tag, body)| message(*tag, body)).collect();
        let mut expected: Vec<(u8, Vec<u8>)> = Vec::new();
        for (tag, body) in messages {
            match expected.last_mut() {
                Some((COPY_DATA_TAG, run)) if tag == COPY_DATA_TAG => run.extend(body),
                _ if tag == COPY_DATA_TAG && body.is_empty() => {}
                _ => expected.push((tag, body)),
            }
        }
        prop_assert_eq!(read_all(Pieces::of(&stream, size)).0, expected);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), size in 1_usize..100) {
        read_all(Pieces::of(&bytes, size));
    }
}

#[tokio::test]
async fn reads_that_bring_little_are_followed_by_a_pause() {
    for (size, pauses) in [(SHORT_READ_BYTES - 1, 2), (SHORT_READ_BYTES, 0)] {
        let mut stream = Pieces::of(&message(b'd', &vec![7; 2 * SHORT_READ_BYTES]), size);
        let mut reader = FrameReader::new();
        reader.keep_copy_messages(true);
        reader.pause_after_short_reads(true);
        let start = std::time::Instant::now();
        reader.next(&mut stream, "testing").await.unwrap();
        assert!(start.elapsed() >= PAUSE * pauses, "{size}");
    }
}
