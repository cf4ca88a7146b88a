//! The public sites through the router, on a real database: an organisation with a published site, visitors, and its desk.

mod admin;
mod assistant;
mod assistant_model;
mod audit;
mod blog;
mod booking;
mod content;
mod desk_api;
mod desk_audit;
mod desk_lists;
mod desk_parts;
mod experiments;
mod hostile;
mod hosts;
mod inquiries;
mod maturity;
mod pages;
mod privacy;
mod published;
mod report;
mod roi;
mod support;
mod tally;
