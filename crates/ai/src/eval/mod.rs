//! How the local models are measured: public sets from a folder given as an argument, and our own in `eval/own`.

pub mod answers;
pub mod own_faq;
pub mod retrieval;
pub mod retrieval_sets;
