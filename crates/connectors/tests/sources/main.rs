//! Every source against its stand-in: one contract, with faults.

mod calendars;
mod calls;
mod contract;
mod google;
mod grant;
mod hook;
mod hubspot;
mod meta_ads;
mod mindbody;
mod push;
mod salesforce;
mod shopify;
mod square;
mod stripe;
