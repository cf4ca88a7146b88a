//! The address that a system sends its notices to: 256 random bits in it, shown to whoever may change the connection.

use kernel::db::OrgTx;
use kernel::ids::ConnectionId;
use kernel::vault::OrgVault;

use crate::connections::secrets::{door, fresh};
use crate::connections::store;
use crate::kinds::Kind;

/// An address to enter at the system.
pub(crate) struct Address {
    /// What it is for.
    pub label: &'static str,
    /// The whole of it.
    pub url: String,
}

fn place(id: ConnectionId) -> String {
    format!("connections/{id}/door_sealed")
}

/// Gives a connection a new address; the one before is refused from then on. Gives the token in it.
pub(crate) async fn renew(tx: &mut OrgTx, vault: &OrgVault, id: ConnectionId) -> anyhow::Result<String> {
    let token = fresh()?;
    let sealed = vault.seal_text(&place(id), &token)?;
    store::set_door(tx, id, door(&token), sealed).await?;
    Ok(token)
}

/// The token of a connection's address; none where it has no address.
pub(crate) async fn token(tx: &mut OrgTx, vault: &OrgVault, id: ConnectionId) -> anyhow::Result<Option<String>> {
    let Some(sealed) = store::door_sealed(tx, id).await? else { return Ok(None) };
    Ok(Some(vault.open_text(&place(id), &sealed)?))
}

/// The address as the system calls it, and as some of them sign it. `base` is the public one, without a trailing slash.
pub(crate) fn url(base: &str, kind: Kind, token: &str, event: Option<&str>) -> String {
    let event = event.map(|event| format!("/{event}")).unwrap_or_default();
    format!("{base}/webhooks/sources/{}/{token}{event}", kind.as_str())
}

/// The addresses to enter at the system: CallRail's bodies do not say what happened, so each event has one of its own.
pub(crate) fn addresses(base: &str, kind: Kind, token: &str) -> Vec<Address> {
    let at = |label, event| Address { label, url: url(base, kind, token, event) };
    match kind {
        Kind::Callrail => {
            vec![at("For calls that ended or were changed", Some("call")), at("For forms that were sent", Some("form"))]
        }
        _ => vec![at("Address", None)],
    }
}

/// What a person sets up at the system.
pub(crate) fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Stripe => {
            "At Stripe, under Developers, Webhooks: add an endpoint with this address for the events charge.*, charge.dispute.* and refund.*. Its signing secret begins with whsec_."
        }
        Kind::Shopify => {
            "At Shopify: subscribe your app to orders/*, refunds/create, order_transactions/create and checkouts/* with this address, as JSON. The signing secret is the app's client secret."
        }
        Kind::Square => {
            "At Square, in the developer console under Webhooks: add a subscription with this address for payment.*, refund.* and booking.*. The signing secret is its signature key."
        }
        Kind::Mindbody => {
            "At Mindbody: make a subscription of the Webhooks API with this address for appointmentBooking.*, appointmentAddOn.*, clientSale.created and classRosterBooking*. The signing secret is the messageSignatureKey of the answer."
        }
        Kind::Hubspot => {
            "At HubSpot: set this address as the webhook of an app of your own, for contact.* and deal.* (creation and property changes). The signing secret is that app's client secret."
        }
        Kind::Callrail => {
            "At CallRail, under Integrations, Webhooks: enter each address at its events. The signing secret is the signing key of the company."
        }
        Kind::Ctm => {
            "At CallTrackingMetrics: make a trigger that sends the call to this address when it ends. The signing secret is the one of the webhook."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_that_gives_notice_says_what_to_set_up_there() {
        for kind in Kind::ALL {
            assert_eq!(kind.gives_notice(), !words(kind).is_empty(), "{}", kind.as_str());
        }
        let urls: Vec<String> =
            addresses("https://r.example", Kind::Callrail, "t").into_iter().map(|one| one.url).collect();
        assert_eq!(
            urls,
            [
                "https://r.example/webhooks/sources/callrail/t/call",
                "https://r.example/webhooks/sources/callrail/t/form"
            ]
        );
    }
}
