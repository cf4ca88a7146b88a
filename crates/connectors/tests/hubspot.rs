//! HubSpot's wire format, without a network: signatures, partial batches, failures told apart.

#[path = "hubspot/batch.rs"]
mod batch;
#[path = "hubspot/failure.rs"]
mod failure;
#[path = "hubspot/webhooks.rs"]
mod webhooks;
