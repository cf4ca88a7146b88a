//! What can be connected, and what each asks for.

mod asks;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use asks::Ask;

/// A kind of connection. The names are part of the public interface and of stored rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Google Business Profile.
    GoogleBusiness,
    /// Google Analytics 4.
    GoogleAnalytics,
    /// Google Ads.
    GoogleAds,
    /// Google Calendar.
    GoogleCalendar,
    /// Microsoft (Outlook) Calendar.
    MicrosoftCalendar,
    /// Meta Ads.
    MetaAds,
    /// CallRail.
    Callrail,
    /// CallTrackingMetrics.
    Ctm,
    /// HubSpot, as a source.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// Stripe.
    Stripe,
    /// Shopify.
    Shopify,
    /// Square.
    Square,
    /// Mindbody.
    Mindbody,
    /// Any JSON API.
    Rest,
    /// Anything that posts to us.
    Webhook,
    /// A folder on the customer's server that we read.
    Sftp,
    /// A folder of ours that files are dropped in.
    Drop,
}

impl Kind {
    /// Every kind, as lists show them.
    pub const ALL: [Self; 18] = [
        Self::Stripe,
        Self::Shopify,
        Self::Square,
        Self::Mindbody,
        Self::Hubspot,
        Self::Salesforce,
        Self::Callrail,
        Self::Ctm,
        Self::GoogleBusiness,
        Self::GoogleAnalytics,
        Self::GoogleAds,
        Self::GoogleCalendar,
        Self::MicrosoftCalendar,
        Self::MetaAds,
        Self::Webhook,
        Self::Rest,
        Self::Sftp,
        Self::Drop,
    ];

    /// The name in JSON, addresses and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GoogleBusiness => "google_business",
            Self::GoogleAnalytics => "google_analytics",
            Self::GoogleAds => "google_ads",
            Self::GoogleCalendar => "google_calendar",
            Self::MicrosoftCalendar => "microsoft_calendar",
            Self::MetaAds => "meta_ads",
            Self::Callrail => "callrail",
            Self::Ctm => "ctm",
            Self::Hubspot => "hubspot",
            Self::Salesforce => "salesforce",
            Self::Stripe => "stripe",
            Self::Shopify => "shopify",
            Self::Square => "square",
            Self::Mindbody => "mindbody",
            Self::Rest => "rest",
            Self::Webhook => "webhook",
            Self::Sftp => "sftp",
            Self::Drop => "drop",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::GoogleBusiness => "Google Business Profile",
            Self::GoogleAnalytics => "Google Analytics",
            Self::GoogleAds => "Google Ads",
            Self::GoogleCalendar => "Google Calendar",
            Self::MicrosoftCalendar => "Microsoft Calendar",
            Self::MetaAds => "Meta Ads",
            Self::Callrail => "CallRail",
            Self::Ctm => "CallTrackingMetrics",
            Self::Hubspot => "HubSpot",
            Self::Salesforce => "Salesforce",
            Self::Stripe => "Stripe",
            Self::Shopify => "Shopify",
            Self::Square => "Square",
            Self::Mindbody => "Mindbody",
            Self::Rest => "Any REST API",
            Self::Webhook => "Webhook",
            Self::Sftp => "Files on your server",
            Self::Drop => "A folder for your files",
        }
    }

    /// What it brings, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::GoogleBusiness => "Reviews and your answers to them",
            Self::GoogleAnalytics => "Visits, by day and channel",
            Self::GoogleAds | Self::MetaAds => "What advertising cost, by day and campaign",
            Self::GoogleCalendar | Self::MicrosoftCalendar => {
                "Appointments with people from outside, and what was cancelled"
            }
            Self::Callrail | Self::Ctm => "Calls: answered, missed, returned",
            Self::Hubspot | Self::Salesforce => "Leads, deals and what was won",
            Self::Stripe => "Payments and refunds",
            Self::Shopify => "Orders and refunds",
            Self::Square => "Payments, refunds and bookings",
            Self::Mindbody => "Appointments, no-shows and sales",
            Self::Rest => "Records of any JSON API, by paths you choose",
            Self::Webhook => "Whatever another program posts to an address of yours",
            Self::Sftp => "Tables that appear in a folder of your SFTP server",
            Self::Drop => "Tables that your programs upload to us over SFTP",
        }
    }

    /// Whether a person gives consent at the system's own page, where this installation has an app there.
    pub fn by_consent(self) -> bool {
        matches!(
            self,
            Self::GoogleBusiness
                | Self::GoogleAnalytics
                | Self::GoogleAds
                | Self::GoogleCalendar
                | Self::MicrosoftCalendar
                | Self::MetaAds
                | Self::Salesforce
                | Self::Square
                | Self::Hubspot
        )
    }

    /// Whether there is no other way than consent.
    pub fn only_by_consent(self) -> bool {
        matches!(
            self,
            Self::GoogleBusiness
                | Self::GoogleAnalytics
                | Self::GoogleAds
                | Self::GoogleCalendar
                | Self::MicrosoftCalendar
                | Self::Salesforce
        )
    }

    /// Whether it sends signed notices of what changed, to an address that it is given. Those of Business Profile come to one address
    /// of the installation and name their account: see `notices::push`.
    pub fn gives_notice(self) -> bool {
        matches!(
            self,
            Self::Stripe | Self::Shopify | Self::Square | Self::Mindbody | Self::Hubspot | Self::Callrail | Self::Ctm
        )
    }

    /// Whether runs read it, by the clock and by hand.
    pub fn is_read(self) -> bool {
        !matches!(self, Self::Webhook | Self::Drop)
    }

    /// The icon of lists.
    pub fn icon(self) -> &'static str {
        match self {
            Self::GoogleBusiness => "star",
            Self::GoogleAnalytics => "activity",
            Self::GoogleAds | Self::MetaAds => "megaphone",
            Self::Callrail | Self::Ctm => "phone",
            Self::Hubspot | Self::Salesforce => "target",
            Self::Stripe | Self::Shopify | Self::Square => "circle-dollar-sign",
            Self::Mindbody | Self::GoogleCalendar | Self::MicrosoftCalendar => "calendar",
            Self::Rest => "globe",
            Self::Webhook => "webhook",
            Self::Sftp | Self::Drop => "server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_from_its_name_and_its_json() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.as_str());
        }
    }
}
