//! Local imitations of the outside systems, for `recoup demo` and the tests: Meta (Messenger, Instagram, WhatsApp
//! Cloud), X, an OpenAI-compatible endpoint, HubSpot, a mail server, and the systems that signals are read from ([`Sources`]).
//!
//! Each is a server on a loopback port that speaks the real wire format, checks what the real system checks, and can be
//! told to fail. They are written from the documented facts alone and import nothing of the connectors, so that a
//! misreading on one side shows up as a failing test.

pub mod callrail;
pub mod ctm;
pub mod customer;
pub mod delivery;
pub mod google;
pub mod grants;
pub mod hubspot;
pub mod kms;
pub mod mail;
pub mod meta;
pub mod meta_ads;
pub mod microsoft;
pub mod mindbody;
pub mod oidc;
pub mod openai;
pub mod people;
pub mod s3;
pub mod salesforce;
pub mod server;
pub(crate) mod shelf;
pub mod shopify;
pub mod sign;
pub mod sources;
pub mod square;
pub mod stripe;
pub mod threads;
pub mod whatsapp;
pub mod world;
pub mod x;

pub use customer::{Content, Refusal, Writing};
pub use delivery::Manners;
pub use server::Handle;
pub use server::faults::{Fault, Rule, When};
pub use sources::Sources;
pub use threads::{Author, Platform, Threads, Visible};
pub use world::{World, WorldConfig};
