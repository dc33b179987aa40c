//! Logging in to RDS and Aurora, judged by AWS's own library.

mod token;
