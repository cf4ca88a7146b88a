//! Connecting Facebook pages, Instagram accounts and WhatsApp numbers: consent, tokens, what they open, and whether
//! they are still good.

use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::http::{Method, Request, Url};
use serde_json::Value;

use super::graph::{Dialect, Graph, READS, SERVICE};
use crate::channel::oauth::{Found, TokenState, Tokens, tokens};
use crate::channel::{Failure, Product, bad_url};
use crate::wire::{each, id, instant, name, text};

const FACEBOOK: &str =
    "pages_show_list,pages_messaging,pages_manage_metadata,pages_read_engagement,business_management";
const INSTAGRAM_BY_PAGE: &str = "pages_show_list,pages_messaging,pages_manage_metadata,pages_read_engagement,business_management,instagram_basic,instagram_manage_messages";
const INSTAGRAM: &str = "instagram_business_basic,instagram_business_manage_messages";
const WHATSAPP: &str = "whatsapp_business_management,whatsapp_business_messaging,business_management";

impl Graph<'_> {
    /// Where the customer gives consent for a channel.
    pub fn consent_url(
        &self,
        channel: ChannelKind,
        product: Product,
        redirect_uri: &str,
        state: &str,
    ) -> Result<String, Failure> {
        let (url, client_id, scope) = match (channel, product) {
            (ChannelKind::Instagram, Product::InstagramLogin) => {
                (self.instagram_dialog(), self.instagram_app_id(), INSTAGRAM)
            }
            (ChannelKind::Instagram, Product::Usual) => (self.dialog(), self.config.app_id.as_str(), INSTAGRAM_BY_PAGE),
            (ChannelKind::Whatsapp, _) => (self.dialog(), self.config.app_id.as_str(), WHATSAPP),
            _ => (self.dialog(), self.config.app_id.as_str(), FACEBOOK),
        };
        let query = [
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("state", state),
            ("response_type", "code"),
            ("scope", scope),
        ];
        Ok(Url::parse_with_params(&url, query).map_err(|error| bad_url(&error))?.to_string())
    }

    /// Turns a code into a token that lasts (about 60 days; page tokens made with it last longer).
    pub async fn exchange(&self, product: Product, code: &str, redirect_uri: &str) -> Result<Tokens, Failure> {
        match product {
            Product::InstagramLogin => self.exchange_instagram(code, redirect_uri).await,
            Product::Usual => {
                let app =
                    [("client_id", self.config.app_id.as_str()), ("client_secret", self.config.app_secret.reveal())];
                let given = [("redirect_uri", redirect_uri), ("code", code)];
                let short =
                    tokens(&self.call(self.token_request().query(&app).query(&given), Dialect::Messaging).await?)?;
                let grant = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", short.access.reveal())];
                tokens(
                    &self
                        .call(self.token_request().query(&app).query(&grant).safe_to_repeat(READS), Dialect::Messaging)
                        .await?,
                )
            }
        }
    }

    async fn exchange_instagram(&self, code: &str, redirect_uri: &str) -> Result<Tokens, Failure> {
        let secret = self.instagram_secret();
        let form = [
            ("client_id", self.instagram_app_id()),
            ("client_secret", secret),
            ("grant_type", "authorization_code"),
            ("redirect_uri", redirect_uri),
            ("code", code),
        ];
        let request = self.http.post(SERVICE, format!("{}/oauth/access_token", self.instagram_token_host()));
        let answer = self.call(request.form(&form), Dialect::Messaging).await?;
        // Older answers wrap the token in a list.
        let short = tokens(if answer["data"][0].is_object() { &answer["data"][0] } else { &answer })?;
        let grant =
            [("grant_type", "ig_exchange_token"), ("client_secret", secret), ("access_token", short.access.reveal())];
        let long = tokens(
            &self
                .call(self.instagram_get("access_token").query(&grant).safe_to_repeat(READS), Dialect::Messaging)
                .await?,
        )?;
        Ok(Tokens { scopes: short.scopes, ..long })
    }

    /// A fresh token for an Instagram Login token that is at least a day old and still good.
    pub async fn refresh_instagram(&self, token: &Secret) -> Result<Tokens, Failure> {
        let grant = [("grant_type", "ig_refresh_token"), ("access_token", token.reveal())];
        tokens(
            &self
                .call(
                    self.instagram_get("refresh_access_token").query(&grant).safe_to_repeat(READS),
                    Dialect::Messaging,
                )
                .await?,
        )
    }

    /// The pages a user may answer for, each with its own token, and the Instagram accounts linked to them.
    pub async fn pages(&self, user_token: &Secret) -> Result<Vec<Found>, Failure> {
        let fields = "id,name,access_token,tasks,instagram_business_account{id,username,name}";
        let list = self
            .list("me/accounts", user_token.reveal(), &[("fields", fields), ("limit", "100")], Dialect::Messaging)
            .await?;
        Ok(list.iter().flat_map(page).collect())
    }

    /// The Instagram account that an Instagram Login token belongs to.
    pub async fn instagram_me(&self, token: &Secret) -> Result<Found, Failure> {
        let request = self.request(Method::GET, Product::InstagramLogin, "me", token.reveal()).safe_to_repeat(READS);
        let answer = self.call(request.query(&[("fields", "id,username,user_id,name")]), Dialect::Messaging).await?;
        // Webhooks name the account by `user_id`.
        let account = id(&answer["user_id"]).or_else(|| id(&answer["id"]));
        Ok(Found {
            channel: ChannelKind::Instagram,
            product: Product::InstagramLogin,
            id: account.ok_or_else(|| Failure::Unknown { why: "meta: the answer has no account".to_owned() })?,
            name: name(&answer["name"]),
            username: name(&answer["username"]),
            token: Some(token.clone()),
            business_id: None,
        })
    }

    /// What Meta says about a token.
    pub async fn debug_token(&self, token: &Secret) -> Result<TokenState, Failure> {
        let app_token = format!("{}|{}", self.config.app_id, self.config.app_secret.reveal());
        let url = format!("{}/{}/debug_token", self.config.base_url.trim_end_matches('/'), self.config.version);
        let query = [("input_token", token.reveal()), ("access_token", app_token.as_str())];
        let answer =
            self.call(self.http.get(SERVICE, url).query(&query).safe_to_repeat(READS), Dialect::Messaging).await?;
        let data = &answer["data"];
        let mut targets: Vec<String> =
            each(&data["granular_scopes"]).flat_map(|scope| each(&scope["target_ids"]).filter_map(id)).collect();
        targets.sort();
        targets.dedup();
        Ok(TokenState {
            valid: data["is_valid"] == true,
            expires_at: instant(&data["expires_at"]),
            scopes: each(&data["scopes"]).filter_map(text).collect(),
            app_id: id(&data["app_id"]),
            targets,
        })
    }

    fn token_request(&self) -> Request {
        let url = format!("{}/{}/oauth/access_token", self.config.base_url.trim_end_matches('/'), self.config.version);
        self.http.get(SERVICE, url)
    }

    fn instagram_get(&self, path: &str) -> Request {
        self.http.get(SERVICE, format!("{}/{path}", self.config.instagram_url().trim_end_matches('/')))
    }

    fn dialog(&self) -> String {
        format!("{}/{}/dialog/oauth", self.config.dialog().trim_end_matches('/'), self.config.version)
    }

    /// Meta's own hosts differ by purpose; another base URL stands for all of them.
    fn instagram_dialog(&self) -> String {
        let host = if self.is_meta() { "https://www.instagram.com" } else { self.config.dialog() };
        format!("{}/oauth/authorize", host.trim_end_matches('/'))
    }

    fn instagram_token_host(&self) -> &str {
        if self.is_meta() { "https://api.instagram.com" } else { self.config.instagram_url().trim_end_matches('/') }
    }

    fn is_meta(&self) -> bool {
        self.config.instagram_url() == "https://graph.instagram.com"
    }

    fn instagram_app_id(&self) -> &str {
        self.config.instagram_app_id.as_deref().unwrap_or(&self.config.app_id)
    }

    fn instagram_secret(&self) -> &str {
        self.config.instagram_app_secret.as_ref().unwrap_or(&self.config.app_secret).reveal()
    }
}

/// A page and the Instagram account linked to it; both are used with the page's token.
fn page(value: &Value) -> Vec<Found> {
    let Some(page_id) = id(&value["id"]) else { return Vec::new() };
    let token = text(&value["access_token"]).map(Secret::new);
    let linked = &value["instagram_business_account"];
    let found = |channel, id: String, name, username| Found {
        channel,
        product: Product::Usual,
        id,
        name,
        username,
        token: token.clone(),
        business_id: None,
    };
    let page_name = name(&value["name"]);
    let instagram = id(&linked["id"]).map(|id| {
        let own_name = name(&linked["name"]).or_else(|| page_name.clone());
        found(ChannelKind::Instagram, id, own_name, name(&linked["username"]))
    });
    let page = found(ChannelKind::Facebook, page_id, page_name.clone(), None);
    std::iter::once(page).chain(instagram).collect()
}
