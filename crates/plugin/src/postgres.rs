//! A real server, by way of pgark-dump.

use bstr::{BStr, BString};
use bytes::Bytes;
use pgark_connect::Config;

use crate::Error;
use crate::options::Options;
use crate::sink::Sink;
use crate::source::Source;

/// A server with the options of its backup.
pub(crate) struct Postgres(Config);

impl Postgres {
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        Ok(Self(options.config.clone()))
    }
}

impl Source for Postgres {
    async fn ping(&self) -> Result<(), Error> {
        pgark_connect::connect(&self.0).await?;
        Ok(())
    }
    async fn manifest(&self) -> Result<Bytes, Error> {
        Err(Error::Protocol("unwired".into()))
    }
    async fn globals(&self) -> Result<Bytes, Error> {
        Err(Error::Protocol("unwired".into()))
    }
    async fn databases(&self) -> Result<Vec<BString>, Error> {
        Err(Error::Protocol("unwired".into()))
    }
    async fn dump(&self, _: &BStr, _: Sink) -> Result<(), Error> {
        Err(Error::Protocol("unwired".into()))
    }
}
