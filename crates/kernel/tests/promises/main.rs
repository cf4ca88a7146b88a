//! What the kernel promises, on a real database: the queue, the ledger, the walls between organisations, the vault.

mod claims;
mod growth;
mod isolation;
mod kms;
mod ledger;
mod mail;
mod queue;
mod receipts;
mod runs;
mod vault;
mod workers;
