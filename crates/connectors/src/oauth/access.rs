//! An access token that is renewed when it is about to end, or when the other side says that it has.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use kernel::config::Secret;
use kernel::http::Http;
use tokio::sync::Mutex;

use super::{OAuthApp, Tokens};
use crate::source::SourceError;

/// Renewed this long before the end, so that a call under way does not outlive its token.
const EARLY_S: i64 = 60;

/// Gives new tokens for old ones, and stores them before it returns: the old refresh token may be used up by then.
#[async_trait]
pub trait Renew: Send + Sync {
    /// New tokens; [`SourceError::Reconnect`] when a person must consent again.
    async fn renew(&self, old: &Tokens) -> Result<Tokens, SourceError>;
}

/// Renews at the token endpoint and stores nothing: for systems whose refresh tokens stay, and a caller who asks
/// [`Access::tokens`] afterwards.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Calls out.
    pub http: Http,
    /// Our app.
    pub app: OAuthApp,
}

#[async_trait]
impl Renew for Renewal {
    async fn renew(&self, old: &Tokens) -> Result<Tokens, SourceError> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(SourceError::Reconnect("the access token ended and there is none to renew it with".to_owned()));
        };
        self.app.refresh(&self.http, refresh_token).await
    }
}

/// Tokens in use. Clones share them, so a renewal is done once.
#[derive(Clone)]
pub struct Access {
    tokens: Arc<Mutex<Tokens>>,
    renew: Option<Arc<dyn Renew>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("renewed", &self.renew.is_some()).finish_non_exhaustive()
    }
}

impl Access {
    /// Tokens that nobody renews.
    pub fn fixed(tokens: Tokens) -> Self {
        Self { tokens: Arc::new(Mutex::new(tokens)), renew: None }
    }

    /// Tokens that `renew` renews.
    pub fn renewed(tokens: Tokens, renew: Arc<dyn Renew>) -> Self {
        Self { tokens: Arc::new(Mutex::new(tokens)), renew: Some(renew) }
    }

    /// The access token, renewed when it is about to end.
    pub async fn token(&self, now: DateTime<Utc>) -> Result<Secret, SourceError> {
        let mut tokens = self.tokens.lock().await;
        let ending = tokens.expires_at.is_some_and(|at| at - Duration::seconds(EARLY_S) <= now);
        if let (true, Some(renew)) = (ending, &self.renew) {
            *tokens = renew.renew(&tokens).await?;
        }
        Ok(tokens.access_token.clone())
    }

    /// Another access token than the one that was refused with the words `why`.
    pub async fn instead_of(&self, refused: &Secret, why: String) -> Result<Secret, SourceError> {
        let mut tokens = self.tokens.lock().await;
        if tokens.access_token == *refused {
            let Some(renew) = &self.renew else { return Err(SourceError::Reconnect(why)) };
            *tokens = renew.renew(&tokens).await?;
        }
        Ok(tokens.access_token.clone())
    }

    /// The tokens as they are now.
    pub async fn tokens(&self) -> Tokens {
        self.tokens.lock().await.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Counting(AtomicU32);

    #[async_trait]
    impl Renew for Counting {
        async fn renew(&self, old: &Tokens) -> Result<Tokens, SourceError> {
            let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Tokens { access_token: Secret::new(format!("new-{count}")), expires_at: None, ..old.clone() })
        }
    }

    #[tokio::test]
    async fn a_token_is_renewed_once_for_all_who_hold_it() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let old = Tokens { expires_at: Some(now + Duration::seconds(30)), ..Tokens::fixed(Secret::new("old")) };
        let access = Access::renewed(old.clone(), Arc::new(Counting(AtomicU32::new(0))));
        assert_eq!(access.clone().token(now).await.expect("a token").reveal(), "new-1", "it was about to end");
        assert_eq!(access.token(now).await.expect("a token").reveal(), "new-1");
        let refused = Secret::new("new-1");
        let (one, other) =
            tokio::join!(access.instead_of(&refused, String::new()), access.instead_of(&refused, String::new()));
        assert_eq!((one.expect("a token").reveal(), other.expect("a token").reveal()), ("new-2", "new-2"));
        let fixed = Access::fixed(old);
        let gone = fixed.instead_of(&Secret::new("old"), "expired".into()).await.expect_err("nobody renews it");
        assert!(matches!(gone, SourceError::Reconnect(why) if why == "expired"));
    }
}
