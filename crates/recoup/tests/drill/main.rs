//! The program itself under SIGKILL. It stands here because Cargo builds the program for the tests of its own package only.

mod crash;
