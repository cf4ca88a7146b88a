//! The rooms of Recoup wired together, and the roles of a process: what the binary starts and whole-product tests drive.

pub mod figures;
mod landing;
mod measured;
pub mod reach;
pub mod rooms;
pub mod runtime;
mod tools;
pub mod visitors;
pub mod visitors_desk;
