//! Tokens of AWS IAM, which stand for the password at RDS and Aurora.
//!
//! A token is the address of a request that is never sent, signed by the caller's keys: the server asks AWS whether the
//! signature is good. [`token()`] makes one; [`region`] finds the region in the name of an RDS host; [`Iam`] finds the keys
//! where AWS's own programs find them, and makes a token for each login of `pgark-connect`.
//!
//! Not here: connections. A token is a password in clear text, and `pgark-connect` sees to it that it goes over TLS only.
//!
//! ```
//! use aws_credential_types::Credentials;
//! use pgark_aws_iam::{Login, region, token};
//!
//! let host = "shop.c1a2b3.eu-west-1.rds.amazonaws.com";
//! let region = region(host).unwrap();
//! let login = Login { host, port: 5432, user: "backup", region: &region };
//! let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "example");
//! let token = token(&login, &credentials, std::time::SystemTime::now())?;
//! assert!(token.expose().starts_with(b"shop.c1a2b3.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=backup&"));
//! # Ok::<_, pgark_aws_iam::Error>(())
//! ```

mod clock;
mod error;
mod http;
mod iam;
mod region;
mod source;
mod token;

pub use error::{Error, Result};
pub use iam::{Iam, Options, Tokens};
pub use region::region;
pub use token::{LIFETIME, Login, token};
