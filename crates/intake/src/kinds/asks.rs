//! The fields of each kind's connect form.

use super::Kind;

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

/// What many systems give a program to come in with.
const TOKEN: Ask = secret("token", "Access token", "It is kept sealed and never shown again.");

/// A token; without one a person gives consent at the system's own page.
const MAYBE_TOKEN: &[Ask] = &[Ask { required: false, ..TOKEN }];

const GOOGLE_BUSINESS: &[Ask] = &[
    maybe("account", "Account", "Such as accounts/123; the first one when empty."),
    maybe("time_zone", "Time zone", "Of daily figures, such as America/Chicago."),
];

const GOOGLE_ANALYTICS: &[Ask] = &[setting("property_id", "Property", "The number under Admin, Property settings.")];

const GOOGLE_ADS: &[Ask] = &[
    setting("customer_id", "Customer ID", "Ten digits, as at the top of Google Ads."),
    maybe("login_customer_id", "Manager account", "Where the account is reached through a manager."),
];

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

const META_ADS: &[Ask] =
    &[setting("account_id", "Ad account", "The number of the ad account."), Ask { required: false, ..TOKEN }];

const CALLRAIL: &[Ask] =
    &[setting("account_id", "Account ID", ""), secret("key", "API key", "Settings, Integrations, API keys.")];

const CTM: &[Ask] = &[
    setting("account_id", "Account ID", ""),
    setting("user", "Access key", "Settings, API integration."),
    secret("secret", "Secret key", ""),
];

const STRIPE: &[Ask] =
    &[secret("key", "Restricted key", "Developers, API keys: read access to charges, refunds and customers.")];

const SHOPIFY: &[Ask] = &[setting("shop", "Shop", "Such as northwind.myshopify.com."), TOKEN];

const MINDBODY: &[Ask] = &[
    setting("site_id", "Site ID", ""),
    setting("time_zone", "Time zone of the site", "Such as America/Chicago; the clock on its wall."),
    setting("currency", "Currency", "Such as USD."),
    secret("api_key", "API key", ""),
    setting("user", "Staff user", "A member of staff who may read reports."),
    secret("password", "Staff password", ""),
];

const SFTP: &[Ask] = &[
    setting("host", "Server", "Such as files.example.com or files.example.com:2022."),
    setting("user", "User", ""),
    Ask { required: false, ..secret("password", "Password", "") },
    Ask { required: false, ..secret("private_key", "Or a private key", "In OpenSSH form, without a passphrase.") },
    maybe("folder", "Folder", "The user's own folder when empty."),
    maybe("host_key", "Server's fingerprint", "SHA256:…; pinned at the first connection when empty."),
];

impl Kind {
    /// What the connect form asks for.
    pub fn asks(self) -> &'static [Ask] {
        match self {
            Self::GoogleBusiness => GOOGLE_BUSINESS,
            Self::GoogleAnalytics => GOOGLE_ANALYTICS,
            Self::GoogleAds => GOOGLE_ADS,
            Self::GoogleCalendar | Self::MicrosoftCalendar => CALENDAR,
            Self::MetaAds => META_ADS,
            Self::Callrail => CALLRAIL,
            Self::Ctm => CTM,
            Self::Hubspot | Self::Square => MAYBE_TOKEN,
            Self::Stripe => STRIPE,
            Self::Shopify => SHOPIFY,
            Self::Mindbody => MINDBODY,
            Self::Sftp => SFTP,
            Self::Salesforce | Self::Rest | Self::Webhook | Self::Drop => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_form_asks_for_the_same_twice_and_each_field_says_what_it_is() {
        for kind in Kind::ALL {
            let names: BTreeSet<&str> = kind.asks().iter().map(|ask| ask.name).collect();
            assert_eq!(names.len(), kind.asks().len(), "{kind:?}");
            assert!(kind.asks().iter().all(|ask| !ask.label.is_empty()), "{kind:?}");
        }
    }

    #[test]
    fn what_opens_a_door_is_kept_sealed() {
        let opens = ["token", "key", "secret", "api_key", "password", "private_key"];
        for ask in Kind::ALL.into_iter().flat_map(Kind::asks) {
            assert_eq!(ask.secret, opens.contains(&ask.name), "{}", ask.name);
        }
    }
}
