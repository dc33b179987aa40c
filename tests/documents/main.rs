//! The documents at the top of the project: every command in them runs, and what they say of options is so.

mod document;
mod help;
mod option;
mod place;
mod privilege;
mod run;
mod world;
