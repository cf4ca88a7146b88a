//! Turns of a conversation, one step of the work at a time, against the platforms.

mod groups;
mod house;
mod mixed;
mod moments;
mod newcomers;
mod settled;
mod taking_turns;
mod waiting;
