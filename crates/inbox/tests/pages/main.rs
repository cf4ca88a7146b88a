//! The pages of the inbox and the knowledge API through the router, on a real database.

mod desk;
mod handoff_letters;
mod inbox_list;
mod knowledge;
mod settings;
mod support;
