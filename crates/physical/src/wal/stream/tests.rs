use std::sync::{Arc, Mutex};

use super::*;
use crate::wal::WalTarget;

/// A target that tells what it got.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn say(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl WalTarget for Told {
    fn open(&mut self, name: &str, _: SegmentSize) -> Result<()> {
        self.say(format!("open {name}"));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.say(format!("{} bytes", bytes.len()));
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.say("close".into());
        Ok(())
    }

    fn history(&mut self, name: &str, _: &[u8]) -> Result<()> {
        self.say(name.into());
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

const MIB: u64 = 1 << 20;

fn receiver() -> (Receiver, Told) {
    let told = Told::default();
    let receiver = Receiver {
        size: SegmentSize::new(MIB).unwrap(),
        timeline: TimelineId(2),
        position: Lsn(5 * MIB),
        flushed: Lsn(0),
        is_open: false,
        target: Box::new(told.clone()),
        end: watch::channel(None).1,
    };
    (receiver, told)
}

fn log(start: u64, length: u64) -> Vec<u8> {
    let mut message = vec![b'w'];
    message.extend(start.to_be_bytes());
    message.extend([0; 16]);
    message.extend(vec![7; usize::try_from(length).unwrap()]);
    message
}

#[test]
fn log_is_cut_into_files() {
    let (mut receiver, told) = receiver();
    assert!(!receiver.message(&log(5 * MIB, MIB - 1)).unwrap());
    assert_eq!(receiver.flushed, Lsn(0));
    receiver.message(&log(6 * MIB - 1, MIB + 3)).unwrap();
    assert_eq!(
        (receiver.position, receiver.flushed),
        (Lsn(7 * MIB + 2), Lsn(7 * MIB))
    );
    receiver.close().unwrap();
    assert_eq!(
        *told.0.lock().unwrap(),
        [
            "open 000000020000000000000005",
            "1048575 bytes",
            "1 bytes",
            "close",
            "open 000000020000000000000006",
            "1048576 bytes",
            "close",
            "open 000000020000000000000007",
            "2 bytes",
            "close",
        ]
    );
    let status = receiver.status();
    assert_eq!((status.len(), status[0], status[33]), (34, b'r', 0));
    assert_eq!(status[1..9], (7 * MIB + 2).to_be_bytes());
}

#[test]
fn what_does_not_follow_is_refused() {
    for message in [
        &b""[..],
        b"x",
        b"w",
        &log(5 * MIB + 1, 5),
        &log(4 * MIB, 5),
        b"k123",
    ] {
        assert!(receiver().0.message(message).is_err());
    }
    let keepalive = |byte| [&b"k"[..], &[0; 16], &[byte]].concat();
    assert!(receiver().0.message(&keepalive(1)).unwrap());
    assert!(!receiver().0.message(&keepalive(0)).unwrap());
}

#[test]
fn a_server_without_more_log_is_an_error() {
    let (mut receiver, _) = receiver();
    assert!(
        receiver
            .switch(None)
            .unwrap_err()
            .to_string()
            .contains("before the backup's end")
    );
}
