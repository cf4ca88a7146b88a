//! A customer writes, Recoup answers, the lead is scored, the team takes over: from outside, against the stand-ins.

mod advisor;
mod answering;
mod doubt;
mod handoff;
mod privacy;
