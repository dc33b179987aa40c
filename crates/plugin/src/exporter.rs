//! The service of a restore's destination.

use std::sync::OnceLock;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use crate::Error;
use crate::destination::Destination;
use crate::options::RestoreOptions;
use crate::proto::plakar::exporter::exporter_server::{Exporter, ExporterServer};
use crate::proto::plakar::exporter::{
    CloseRequest, CloseResponse, ExportRequest, ExportResponse, InitRequest, InitResponse,
    PingRequest, PingResponse,
};
use crate::restoring::Restoring;

/// Results that may wait for the host.
const RESULTS: usize = 16;

/// The exporter of one host, which says at Init where to and how it wants to restore.
pub(crate) fn service() -> ExporterServer<impl Exporter> {
    ExporterServer::new(Service::default())
}

#[derive(Default)]
struct Service {
    destination: OnceLock<Destination>,
}

impl Service {
    fn destination(&self) -> Result<&Destination, Error> {
        self.destination
            .get()
            .ok_or_else(|| Error::Host("no options were given yet".into()))
    }
}

#[tonic::async_trait]
impl Exporter for Service {
    async fn init(&self, request: Request<InitRequest>) -> Result<Response<InitResponse>, Status> {
        let request = request.into_inner();
        let options = RestoreOptions::parse(&request.proto, &request.config)?;
        let response = InitResponse {
            origin: options.origin.clone(),
            r#type: options.protocol.kind().to_owned(),
            root: "/".to_owned(),
            flags: 0,
        };
        self.destination
            .set(Destination::new(options))
            .map_err(|_| Error::Host("options were given twice".into()))?;
        Ok(Response::new(response))
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        self.destination()?.ping().await?;
        Ok(Response::new(PingResponse {}))
    }

    type ExportStream = BoxStream<'static, Result<ExportResponse, Status>>;

    async fn export(
        &self,
        packets: Request<Streaming<ExportRequest>>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let (results, mut responses) = mpsc::channel(RESULTS);
        let restoring = Restoring::new(self.destination()?.clone(), packets.into_inner(), results);
        tokio::spawn(restoring.run());
        let responses = stream::poll_fn(move |cx| responses.poll_recv(cx));
        Ok(Response::new(responses.boxed()))
    }

    /// Nothing is held open between calls, so there is nothing to give back.
    async fn close(&self, _: Request<CloseRequest>) -> Result<Response<CloseResponse>, Status> {
        Ok(Response::new(CloseResponse {}))
    }
}
