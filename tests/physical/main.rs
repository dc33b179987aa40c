//! Base backups of real servers: made by pgark, judged by pg_verifybackup, by the servers that start on them, and by amcheck.

mod backup;
mod busy;
mod compression;
mod damage;
mod end;
mod hostile;
mod layout;
mod refused;
mod standby;
mod verify;
mod world;
