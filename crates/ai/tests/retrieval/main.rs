//! Search and answers from outside: what holds for every text, and what a customer sees.

mod answers;
mod any_text;
mod search;
