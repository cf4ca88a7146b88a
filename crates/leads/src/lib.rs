//! Contacts, leads, activities, scoring and CRM sync.

pub mod contacts;
