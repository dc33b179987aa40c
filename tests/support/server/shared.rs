//! One server a major for a whole test program.

use std::sync::OnceLock;

use super::Server;
use crate::Major;

/// The ordinary server of this major that all tests of a program share: started at first use, stopped at the program's end.
/// Each test makes databases of its own on it, and roles only under names that no other test uses.
///
/// # Panics
/// Where it does not start.
pub fn shared_server(major: Major) -> &'static Server {
    static SERVERS: [OnceLock<Server>; Major::servers().len()] =
        [const { OnceLock::new() }; Major::servers().len()];
    SERVERS[major as usize]
        .get_or_init(|| Server::start(major).unwrap_or_else(|error| panic!("{error:#}")))
}
