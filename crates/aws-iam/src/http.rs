//! Asking AWS's services.

use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::clock::Clock;

/// A client over TLS by rustls with ring, which trusts the system's authorities, goes through the proxy that the
/// environment names, and has the clock look at every answer.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) clock: Arc<Clock>,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let mut builder: ConnectorBuilder<_> = Connector::builder()
            .tls_provider(Provider::rustls(CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env())
            .connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        SharedHttpConnector::new(Watched {
            connector: SharedHttpConnector::new(builder.build()),
            clock: Arc::clone(&self.clock),
        })
    }
}

/// A connector whose answers the clock looks at.
#[derive(Debug)]
struct Watched {
    connector: SharedHttpConnector,
    clock: Arc<Clock>,
}

impl HttpConnector for Watched {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let clock = Arc::clone(&self.clock);
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if let Some(date) = answer.headers().get("date") {
                clock.observe(date, SystemTime::now());
            }
            Ok(answer)
        })
    }
}
