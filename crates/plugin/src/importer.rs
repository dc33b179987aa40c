//! The service of a backup's source.

use std::sync::{Arc, OnceLock};

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tonic::{Request, Response, Status, Streaming};

use crate::Error;
use crate::backup::Backup;
use crate::content::ContentStream;
use crate::options::{Options, Protocol};
use crate::physical::Physical;
use crate::proto::importer::importer_server::{Importer, ImporterServer};
use crate::proto::importer::{
    CloseRequest, CloseResponse, ImportRequest, ImportResponse, InitRequest, InitResponse,
    OpenRequest, Options as HostOptions, PingRequest, PingResponse,
};
use crate::source::Source;

/// An import can be run once only.
const STREAM: u32 = 4;
/// Every record is to be acknowledged.
const NEED_ACK: u32 = 8;

/// The importer of one host, which says at Init what it wants to back up; `open` prepares that
/// server for so many dumps side by side, without connecting yet.
pub(crate) fn service<S, F>(open: F) -> ImporterServer<impl Importer>
where
    S: Source,
    F: Fn(&Options, usize) -> Result<S, Error> + Send + Sync + 'static,
{
    ImporterServer::new(Service {
        open,
        backup: OnceLock::new(),
    })
}

/// How many records the host reads at once.
fn lanes(host: Option<&HostOptions>) -> usize {
    let lanes = host.and_then(|host| usize::try_from(host.maxconcurrency).ok());
    lanes.unwrap_or_default().max(1)
}

struct Service<S, F> {
    open: F,
    backup: OnceLock<Arc<Backup<S>>>,
}

impl<S, F> Service<S, F> {
    fn backup(&self) -> Result<&Arc<Backup<S>>, Error> {
        self.backup
            .get()
            .ok_or_else(|| Error::Host("no options were given yet".into()))
    }
}

#[tonic::async_trait]
impl<S, F> Importer for Service<S, F>
where
    S: Source,
    F: Fn(&Options, usize) -> Result<S, Error> + Send + Sync + 'static,
{
    async fn init(&self, request: Request<InitRequest>) -> Result<Response<InitResponse>, Status> {
        let request = request.into_inner();
        let options = Options::parse(&request.proto, &request.config)?;
        let backup = match options.protocol {
            Protocol::Postgres | Protocol::PostgresAws => {
                let source = (self.open)(&options, lanes(request.options.as_ref()))?;
                Backup::logical(source, options.selection.clone())
            }
            Protocol::PostgresBin => Backup::physical(Physical::open(&options)?),
        };
        let response = InitResponse {
            origin: options.origin,
            r#type: options.protocol.kind().to_owned(),
            root: "/".to_owned(),
            flags: STREAM | NEED_ACK,
        };
        self.backup
            .set(Arc::new(backup))
            .map_err(|_| Error::Host("options were given twice".into()))?;
        Ok(Response::new(response))
    }

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        self.backup()?.ping().await?;
        Ok(Response::new(PingResponse {}))
    }

    type ImportStream = BoxStream<'static, Result<ImportResponse, Status>>;

    async fn import(
        &self,
        acks: Request<Streaming<ImportRequest>>,
    ) -> Result<Response<Self::ImportStream>, Status> {
        let mut responses = self.backup()?.import(acks.into_inner())?;
        let responses = stream::poll_fn(move |cx| responses.poll_recv(cx));
        Ok(Response::new(responses.boxed()))
    }

    type OpenStream = ContentStream;

    async fn open(
        &self,
        request: Request<OpenRequest>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let record = request.into_inner().record.unwrap_or_default();
        Ok(Response::new(self.backup()?.open(&record)?))
    }

    /// Nothing is held open between calls, so there is nothing to give back.
    async fn close(&self, _: Request<CloseRequest>) -> Result<Response<CloseResponse>, Status> {
        Ok(Response::new(CloseResponse {}))
    }
}
