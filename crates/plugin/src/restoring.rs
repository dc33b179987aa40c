//! One restore: the records as the host sends them, and what becomes of each.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tonic::{Status, Streaming};

use crate::Error;
use crate::destination::Destination;
use crate::error::Failure;
use crate::proto::plakar::connectors::{Record, Result as RecordResult};
use crate::proto::plakar::exporter::export_request::Packet;
use crate::proto::plakar::exporter::{ExportRequest, ExportResponse};
use crate::restorable::Restorable;

/// Pieces of a record that may wait to be restored.
const PIECES: usize = 4;

/// What the host is told.
type Host = Sender<Result<ExportResponse, Status>>;

/// The records of one Export.
pub(crate) struct Restoring {
    destination: Destination,
    packets: Streaming<ExportRequest>,
    host: Host,
    failures: Vec<Failure>,
}

impl Restoring {
    pub(crate) fn new(
        destination: Destination,
        packets: Streaming<ExportRequest>,
        host: Host,
    ) -> Self {
        Self {
            destination,
            packets,
            host,
            failures: Vec::new(),
        }
    }

    /// Takes all records that the host sends. A record that fails fails the restore, but only when all have been taken: a host that is
    /// still sending would not hear why.
    pub(crate) async fn run(mut self) {
        let ended = match self.take_all().await {
            Ok(()) if self.failures.is_empty() || self.destination.ignores_errors() => return,
            Ok(()) => Error::NotRestored(std::mem::take(&mut self.failures)).into(),
            Err(status) => status,
        };
        // A host that is gone needs no answer.
        let _ = self.host.send(Err(ended)).await;
    }

    async fn take_all(&mut self) -> Result<(), Status> {
        while let Some(packet) = self.packets.message().await? {
            let Some(Packet::Record(record)) = packet.packet else {
                return Err(Error::Host("content came without its record".into()).into());
            };
            let error = self.take(&record).await?;
            if let Some(reason) = &error {
                tracing::warn!("{}: {reason}", record.pathname);
                self.failures.push(Failure {
                    pathname: record.pathname.clone(),
                    reason: reason.clone(),
                });
            }
            let result = RecordResult {
                header: Some(record),
                error: error.unwrap_or_default(),
            };
            let response = ExportResponse {
                result: Some(result),
            };
            // A host that does not listen any more has given up.
            let _ = self.host.send(Ok(response)).await;
        }
        Ok(())
    }

    /// Restores a record, or passes over it; why it failed, if it did.
    async fn take(&mut self, record: &Record) -> Result<Option<String>, Status> {
        let content = match Restorable::of(record) {
            Ok(content) if self.is_over() && content.is_restored() => {
                Err("not restored, since another failed before and exit_on_error is set".into())
            }
            other => other,
        };
        let (pieces, received) = mpsc::channel(PIECES);
        let restoring = async {
            match content {
                Ok(content) => self.destination.restore(content, received).await,
                Err(reason) => Some(reason),
            }
        };
        let packets = &mut self.packets;
        let passing = async {
            if record.has_reader {
                pass_on(packets, pieces).await
            } else {
                Ok(())
            }
        };
        let (failure, passed) = tokio::join!(restoring, passing);
        passed?;
        Ok(failure)
    }

    fn is_over(&self) -> bool {
        self.destination.exits_on_error() && !self.failures.is_empty()
    }
}

/// Passes a record's content on. When nobody wants it any more, the rest is thrown away.
async fn pass_on(
    packets: &mut Streaming<ExportRequest>,
    pieces: Sender<Bytes>,
) -> Result<(), Status> {
    let mut is_wanted = true;
    loop {
        let packet = packets.message().await?.and_then(|packet| packet.packet);
        match packet {
            Some(Packet::Chunk(chunk)) if chunk.is_empty() => return Ok(()),
            Some(Packet::Chunk(chunk)) => {
                is_wanted = is_wanted && pieces.send(chunk).await.is_ok();
            }
            Some(Packet::Record(_)) => {
                return Err(Error::Host("a record came within another's content".into()).into());
            }
            None => return Err(Error::Host("a record's content broke off".into()).into()),
        }
    }
}

/// A record's content, to be read on a blocking thread.
pub(crate) struct PieceReader {
    pieces: Receiver<Bytes>,
    piece: Bytes,
}

impl PieceReader {
    pub(crate) fn new(pieces: Receiver<Bytes>) -> Self {
        Self {
            pieces,
            piece: Bytes::new(),
        }
    }
}

impl Read for PieceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty()
            && let Some(piece) = self.pieces.blocking_recv()
        {
            self.piece = piece;
        }
        let length = self.piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.piece[..length]);
        self.piece.advance(length);
        Ok(length)
    }
}
