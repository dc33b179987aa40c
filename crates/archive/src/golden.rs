//! The archives in fixtures/archives, for tests.

/// Their names, without the ending.
pub(crate) const ARCHIVES: [&str; 12] = [
    "pg15-file",
    "pg15-redirected",
    "pg15-piped",
    "pg16-file",
    "pg16-redirected",
    "pg16-piped",
    "pg17-file",
    "pg17-redirected",
    "pg17-piped",
    "pg18-file",
    "pg18-redirected",
    "pg18-piped",
];

/// The content of a file among them.
pub(crate) fn read_fixture(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../fixtures/archives/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
