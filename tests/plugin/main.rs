//! Backups and restores of real servers by a real Plakar, which finds no PostgreSQL program on its PATH.

mod again;
mod aws;
mod big;
mod broken;
mod cancel;
mod cluster;
mod judge;
mod many;
mod migration;
mod object;
mod option;
mod package;
mod physical;
mod refused;
mod restore;
mod restricted;
mod single;
