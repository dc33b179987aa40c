//! The messages of Plakar's protocol, generated from `proto/`. The modules are nested as the
//! generated code expects to find them.
#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::large_enum_variant,
    reason = "generated code; proto/ holds the words"
)]

pub(crate) mod importer {
    tonic::include_proto!("importer");
}

pub(crate) mod plakar {
    pub(crate) mod connectors {
        tonic::include_proto!("plakar.connectors");
    }

    pub(crate) mod exporter {
        tonic::include_proto!("plakar.exporter");
    }
}
