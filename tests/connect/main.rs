//! Finding a server, protecting the way there and logging in, judged by psql 17: what it does with the same
//! arguments, variables and files, `pgark ping` must do.

mod authentication;
mod case;
mod certificates;
mod changeable;
mod hostile;
mod hosts;
mod judge;
mod output;
mod pooler;
mod process;
mod revocation;
mod secret;
mod sources;
mod terminal;
mod tls_matrix;
mod tls_options;
mod world;
