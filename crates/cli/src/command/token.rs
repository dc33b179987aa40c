//! `pgark token`

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;
use pgark_aws_iam::{Iam, Options};

use crate::arguments::TokenArguments;

/// Makes a token and prints it on standard output, a secret that is good for 15 minutes.
pub(crate) async fn run(arguments: TokenArguments) -> anyhow::Result<ExitCode> {
    let TokenArguments {
        host, port, user, ..
    } = arguments;
    let iam = Iam::new(Options {
        region: arguments.region,
        profile: arguments.profile,
        host: None,
    });
    let tokens = iam.tokens().await?;
    let token = tokens.token(&host, port, &user, SystemTime::now())?;
    let mut out = io::stdout().lock();
    out.write_all(token.expose())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .context("could not write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
