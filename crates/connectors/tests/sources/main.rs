//! Every source against its stand-in: one contract, with faults.

mod calls;
mod contract;
mod google;
mod grant;
mod meta_ads;
