//! What the package tells Plakar of the plugin (package/manifest.yaml).

/// A connector of the package.
#[derive(Clone, Copy, Debug)]
pub struct Connector {
    /// The scheme of the URIs that it takes.
    pub protocol: &'static str,
    /// Whether it backs up; else it restores.
    pub is_importer: bool,
    /// The JSON Schema of its options.
    pub schema: &'static str,
}

/// All of them.
pub const CONNECTORS: [Connector; 5] = [
    Connector {
        protocol: "postgres",
        is_importer: true,
        schema: include_str!("../package/postgresqlImporter/schema.json"),
    },
    Connector {
        protocol: "postgres",
        is_importer: false,
        schema: include_str!("../package/postgresqlExporter/schema.json"),
    },
    Connector {
        protocol: "postgres+aws",
        is_importer: true,
        schema: include_str!("../package/postgresqlAWSImporter/schema.json"),
    },
    Connector {
        protocol: "postgres+aws",
        is_importer: false,
        schema: include_str!("../package/postgresqlAWSExporter/schema.json"),
    },
    Connector {
        protocol: "postgres+bin",
        is_importer: true,
        schema: include_str!("../package/postgresqlBinImporter/schema.json"),
    },
];
