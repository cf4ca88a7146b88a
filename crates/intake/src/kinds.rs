//! What can be connected, and what each asks for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// A field of a connect form.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Its name in `settings` or `secrets`.
    pub name: &'static str,
    /// What a person reads.
    pub label: &'static str,
    /// What helps; empty for nothing.
    pub hint: &'static str,
    /// Whether it is kept sealed and never shown again.
    pub secret: bool,
    /// Whether nothing goes without it.
    pub required: bool,
}

const fn setting(name: &'static str, label: &'static str, hint: &'static str) -> Ask {
    Ask { name, label, hint, secret: false, required: true }
}

const fn maybe(name: &'static str, label: &'static str, hint: &'static str) -> Ask {
    Ask { required: false, ..setting(name, label, hint) }
}

const fn secret(name: &'static str, label: &'static str, hint: &'static str) -> Ask {
    Ask { secret: true, ..setting(name, label, hint) }
}

/// What both calendars ask for.
const CALENDAR: &[Ask] = &[
    maybe(
        "calendars",
        "Calendars",
        "Names with commas between; every calendar that the account may write to when empty.",
    ),
    maybe(
        "whole",
        "Calendars for appointments alone",
        "Everything in them that has an hour is an appointment, also without a guest.",
    ),
    maybe(
        "words",
        "Words in titles",
        "With commas between; a title with one of them is an appointment, also without a guest.",
    ),
    maybe(
        "domains",
        "Domains of colleagues",
        "With commas between, besides the account's own; everybody else is a customer.",
    ),
    maybe("location", "Place of business", "Where the appointments are, as Locations names it."),
];

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

    /// What the connect form asks for.
    pub fn asks(self) -> &'static [Ask] {
        const TOKEN: Ask = secret("token", "Access token", "It is kept sealed and never shown again.");
        match self {
            Self::GoogleBusiness => {
                const {
                    &[
                        maybe("account", "Account", "Such as accounts/123; the first one when empty."),
                        maybe("time_zone", "Time zone", "Of daily figures, such as America/Chicago."),
                    ]
                }
            }
            Self::GoogleAnalytics => {
                const { &[setting("property_id", "Property", "The number under Admin, Property settings.")] }
            }
            Self::GoogleAds => {
                const {
                    &[
                        setting("customer_id", "Customer ID", "Ten digits, as at the top of Google Ads."),
                        maybe(
                            "login_customer_id",
                            "Manager account",
                            "Where the account is reached through a manager.",
                        ),
                    ]
                }
            }
            Self::GoogleCalendar | Self::MicrosoftCalendar => CALENDAR,
            Self::MetaAds => {
                const {
                    &[
                        setting("account_id", "Ad account", "The number of the ad account."),
                        Ask { required: false, ..TOKEN },
                    ]
                }
            }
            Self::Callrail => {
                const {
                    &[
                        setting("account_id", "Account ID", ""),
                        secret("key", "API key", "Settings, Integrations, API keys."),
                    ]
                }
            }
            Self::Ctm => {
                const {
                    &[
                        setting("account_id", "Account ID", ""),
                        setting("user", "Access key", "Settings, API integration."),
                        secret("secret", "Secret key", ""),
                    ]
                }
            }
            Self::Hubspot | Self::Square => const { &[Ask { required: false, ..TOKEN }] },
            Self::Stripe => {
                const {
                    &[secret(
                        "key",
                        "Restricted key",
                        "Developers, API keys: read access to charges, refunds and customers.",
                    )]
                }
            }
            Self::Shopify => const { &[setting("shop", "Shop", "Such as northwind.myshopify.com."), TOKEN] },
            Self::Mindbody => {
                const {
                    &[
                        setting("site_id", "Site ID", ""),
                        setting(
                            "time_zone",
                            "Time zone of the site",
                            "Such as America/Chicago; the clock on its wall.",
                        ),
                        setting("currency", "Currency", "Such as USD."),
                        secret("api_key", "API key", ""),
                        setting("user", "Staff user", "A member of staff who may read reports."),
                        secret("password", "Staff password", ""),
                    ]
                }
            }
            Self::Sftp => {
                const {
                    &[
                        setting("host", "Server", "Such as files.example.com or files.example.com:2022."),
                        setting("user", "User", ""),
                        Ask { required: false, ..secret("password", "Password", "") },
                        Ask {
                            required: false,
                            ..secret("private_key", "Or a private key", "In OpenSSH form, without a passphrase.")
                        },
                        maybe("folder", "Folder", "The user's own folder when empty."),
                        maybe(
                            "host_key",
                            "Server's fingerprint",
                            "SHA256:…; pinned at the first connection when empty.",
                        ),
                    ]
                }
            }
            Self::Salesforce | Self::Rest | Self::Webhook | Self::Drop => &[],
        }
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
