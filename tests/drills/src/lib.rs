//! What the drills stand on: the real program as a child process, three organisations with four accounts each, and the books
//! in which, at the end, what customers wrote and saw is compared with what Recoup says.

pub mod books;
pub mod field;
pub mod program;
