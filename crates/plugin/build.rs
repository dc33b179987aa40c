//! Generates the messages and services of Plakar's protocol; protox stands in for protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["exporter.proto", "importer.proto"], ["proto"])?;
    tonic_prost_build::configure()
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(test)]")
        .bytes(".")
        .compile_fds(files)?;
    Ok(())
}
