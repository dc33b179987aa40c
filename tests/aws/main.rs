//! Logging in to RDS and Aurora, judged by AWS's own library and by a server that asks for tokens.

mod endpoint;
mod lasting;
mod login;
mod source;
mod token;
mod wire;
