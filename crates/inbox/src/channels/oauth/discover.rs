//! What a code opens: the tokens, and the accounts that can be connected with them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connectors::channel::oauth::{Found, Tokens};
use connectors::channel::{Credentials, Failure, Product};
use connectors::meta::graph::Graph;
use connectors::whatsapp::account;
use kernel::Clock;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use serde::{Deserialize, Serialize};

use super::begin::product;
use super::redirect_uri;
use crate::core::Core;

/// An account that can be connected. Serialised only to be sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Candidate {
    pub account_id: String,
    pub name: String,
    /// The page of an Instagram account, the business account of a WhatsApp number.
    pub parent_id: Option<String>,
    token: String,
    refresh: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Candidate {
    fn new(clock: &Clock, found: Found, token: &Secret, tokens: &Tokens, lasts: Option<Duration>) -> Self {
        let handle = found.username.as_ref().map(|username| format!("@{username}"));
        Self {
            name: found.name.or(handle).unwrap_or_else(|| found.id.clone()),
            account_id: found.id,
            parent_id: found.business_id,
            token: token.reveal().to_owned(),
            refresh: tokens.refresh.as_ref().map(|secret| secret.reveal().to_owned()),
            expires_at: lasts.map(|lasts| clock.now() + lasts),
        }
    }

    pub fn token(&self) -> Secret {
        Secret::new(&self.token)
    }

    pub fn refresh(&self) -> Option<Secret> {
        self.refresh.as_ref().map(Secret::new)
    }
}

/// Uses a code up and lists what it opens.
pub(super) async fn discover(
    core: &Core,
    kind: ChannelKind,
    code: &str,
    verifier: Option<&Secret>,
) -> Result<Vec<Candidate>, Failure> {
    let back = redirect_uri(core, kind);
    let clock = &core.kernel.clock;
    let calls = core.platforms.calls();
    let graph = calls.graph();
    match (kind, product(core, kind)) {
        (ChannelKind::X, _) => {
            let verifier = verifier.cloned().unwrap_or_default();
            let tokens = calls.x().exchange(code, &back, &verifier).await?;
            let me = calls.x().me(&Credentials { access_token: tokens.access.clone(), token_secret: None }).await?;
            Ok(vec![Candidate::new(clock, me, &tokens.access, &tokens, tokens.expires_in)])
        }
        (_, Product::InstagramLogin) => {
            let tokens = graph.exchange(Product::InstagramLogin, code, &back).await?;
            let me = graph.instagram_me(&tokens.access).await?;
            Ok(vec![Candidate::new(clock, me, &tokens.access, &tokens, tokens.expires_in)])
        }
        (ChannelKind::Whatsapp, _) => numbers(clock, graph, &graph.exchange(Product::Usual, code, &back).await?).await,
        _ => {
            let tokens = graph.exchange(Product::Usual, code, &back).await?;
            let found = graph.pages(&tokens.access).await?;
            Ok(through_pages(clock, kind, found, &tokens))
        }
    }
}

/// Pages, or the Instagram accounts behind them; a page's token does not end by time. Without a token the member may not
/// answer for the page.
fn through_pages(clock: &Clock, kind: ChannelKind, found: Vec<Found>, tokens: &Tokens) -> Vec<Candidate> {
    let mut page = String::new();
    let mut candidates = Vec::new();
    // Each page comes right before the Instagram account linked to it.
    for mut one in found {
        if one.channel == ChannelKind::Facebook {
            page.clone_from(&one.id);
        } else {
            one.business_id = Some(page.clone());
        }
        if let Some(token) = one.token.clone().filter(|_| one.channel == kind) {
            candidates.push(Candidate::new(clock, one, &token, tokens, None));
        }
    }
    candidates
}

/// The numbers of every business account that the member chose in the dialog.
async fn numbers(clock: &Clock, graph: Graph<'_>, tokens: &Tokens) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::new();
    for business in graph.debug_token(&tokens.access).await?.targets {
        let numbers = match account::numbers(graph, &business, tokens.access.reveal()).await {
            Ok(numbers) => numbers,
            // Targets may be pages too, which have no numbers.
            Err(Failure::Refused { .. }) => continue,
            Err(failure) => return Err(failure),
        };
        for number in numbers {
            let found = Found {
                channel: ChannelKind::Whatsapp,
                product: Product::Usual,
                name: number
                    .name
                    .clone()
                    .zip(number.display.clone())
                    .map(|(name, display)| format!("{name} ({display})"))
                    .or(number.name)
                    .or(number.display),
                id: number.id,
                username: None,
                token: None,
                business_id: Some(business.clone()),
            };
            candidates.push(Candidate::new(clock, found, &tokens.access, tokens, tokens.expires_in));
        }
    }
    Ok(candidates)
}
