//! Whether a page's or Instagram account's events come to us.

use kernel::channel::ChannelKind;
use kernel::http::Method;

use super::graph::{Dialect, Graph, READS};
use crate::channel::{Account, Credentials, Failure, Product};

const PAGE_FIELDS: &str = "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_edits,\
    message_reactions,messaging_referrals,messaging_optins,messaging_handovers,messaging_policy_enforcement,standby";
const INSTAGRAM_FIELDS: &str = "messages,messaging_postbacks,messaging_seen,message_reactions,messaging_referral,messaging_optins,messaging_handover,standby";

/// The events of an account that we want.
fn fields(account: &Account) -> &'static str {
    match (account.channel, account.product) {
        (ChannelKind::Instagram, Product::InstagramLogin) => INSTAGRAM_FIELDS,
        // An Instagram account linked to a page is subscribed through the page.
        _ => PAGE_FIELDS,
    }
}

/// Sends the account's events to us.
pub async fn subscribe(graph: Graph<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure> {
    let token = credentials.access_token.reveal();
    let request = graph.request(Method::POST, account.product, "me/subscribed_apps", token);
    let request = request.form(&[("subscribed_fields", fields(account))]).safe_to_repeat(READS);
    graph.call(request, Dialect::Messaging).await.map(drop)
}

/// Stops the account's events.
pub async fn unsubscribe(graph: Graph<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure> {
    let token = credentials.access_token.reveal();
    let request = graph.request(Method::DELETE, account.product, "me/subscribed_apps", token);
    graph.call(request.safe_to_repeat(READS), Dialect::Messaging).await.map(drop)
}
