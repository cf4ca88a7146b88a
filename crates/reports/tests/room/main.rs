//! The reports room through the router, on a real database, with figures in the tables that the product keeps them in.

mod custom;
mod figures;
mod files;
mod house;
mod schedules;
mod shares;
