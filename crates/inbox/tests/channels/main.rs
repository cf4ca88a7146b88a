//! Connected accounts through the router, against the stand-ins.

mod clockwork;
mod consent;
mod house;
mod letting_go;
mod merges;
mod refusals;
mod templates;
