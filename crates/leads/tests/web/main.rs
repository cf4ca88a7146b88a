//! The leads room through the router, on a real database.

mod activities;
mod arrivals;
mod crm;
mod crm_failures;
mod crm_webhook;
mod desk;
mod forget;
mod merges;
mod pages;
mod scoring;
mod support;
