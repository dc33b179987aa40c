//! What has to do with AWS, as it is typed.

use clap::Args;

/// Whether to log in to RDS or Aurora by IAM, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AwsArguments {
    /// Log in with a token of AWS IAM, made anew for every connection, instead of a password; over TLS only.
    #[arg(id = "aws_iam", long = "aws-iam", help_heading = "Connection")]
    pub(crate) iam: bool,
    /// The region that the server is in; where it is not given, that of the host's name, else that of AWS_REGION or the profile.
    #[arg(
        id = "aws_region",
        long = "aws-region",
        value_name = "REGION",
        requires = "aws_iam",
        help_heading = "Connection"
    )]
    pub(crate) region: Option<String>,
    /// The profile of AWS's configuration files whose credentials are used, and no others.
    #[arg(
        id = "aws_profile",
        long = "aws-profile",
        value_name = "NAME",
        requires = "aws_iam",
        help_heading = "Connection"
    )]
    pub(crate) profile: Option<String>,
}

/// Print a token of AWS IAM, which stands for a role's password for 15 minutes.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Examples:\n  pgark token -h mydb.abc123.eu-west-1.rds.amazonaws.com -U app"
)]
pub(crate) struct TokenArguments {
    /// The endpoint's own name.
    #[arg(short, long, value_name = "HOST")]
    pub(crate) host: String,
    /// Port.
    #[arg(short, long, value_name = "PORT", default_value = "5432")]
    pub(crate) port: u16,
    /// Role to log in as.
    #[arg(short = 'U', long, visible_alias = "username", value_name = "ROLE")]
    pub(crate) user: String,
    /// The region that the server is in; where it is not given, that of the host's name, else that of AWS_REGION or the profile.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of AWS's configuration files whose credentials are used, and no others.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}
