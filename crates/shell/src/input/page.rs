//! Cursor pagination: `?limit=&cursor=` in, `{data, next_cursor}` out.
//!
//! The cursor is the sort key of the last row, opaque to clients. Read `limit + 1` rows after it and give them to
//! [`Listed::new`], which cuts and makes the next cursor: no counting, no offset, stable while rows arrive.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use crate::AppError;

/// The largest page.
const MAX: u32 = 100;
/// The page when nothing is asked.
const DEFAULT: u32 = 50;

/// Where in a list to read: after the sort key `K` of the last row seen. `K` is what the list is ordered by, such as an
/// id or `(DateTime<Utc>, LeadId)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// How many rows to give, 1–100.
    pub limit: u32,
    /// The sort key to read after; none at the start.
    pub after: Option<K>,
}

impl<K> Page<K> {
    /// How many rows to read: one more than the page, to learn whether there is a next one.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

impl<K: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Page<K> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AppError> {
        let mut page = Self { limit: DEFAULT, after: None };
        for (name, value) in parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "limit" => page.limit = limit(value)?,
                "cursor" if !value.is_empty() => page.after = Some(decode(value)?),
                _ => {}
            }
        }
        Ok(page)
    }
}

fn limit(text: &str) -> Result<u32, AppError> {
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX).contains(limit))
        .ok_or_else(|| AppError::field("limit", format!("must be a whole number from 1 to {MAX}")))
}

fn decode<K: DeserializeOwned>(text: &str) -> Result<K, AppError> {
    let refuse = || AppError::field("cursor", "is not a cursor of this list; start again without one");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse())?;
    serde_json::from_slice(&bytes).map_err(|_| refuse())
}

fn encode<K: Serialize>(key: &K) -> Result<String, AppError> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).map_err(AppError::internal)?))
}

/// The parameters of [`Page`] for the API description: `params(PageParams)`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; `Page` reads it")]
pub struct PageParams {
    /// How many to give, 1–100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Pass it as `cursor` to read on; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// Cuts rows read with [`Page::fetch`] to the page; `key` gives a row's sort key.
    pub fn new<K: Serialize>(page: &Page<K>, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Result<Self, AppError> {
        let more = rows.len() > page.limit as usize;
        rows.truncate(page.limit as usize);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(encode(&key(last))?),
            _ => None,
        };
        Ok(Self { data: rows, next_cursor })
    }

    /// A short list that never has a second page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }

    /// The same page with every row made into something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Listed<U> {
        Listed { data: self.data.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn page(query: &str) -> Result<Page<(u32, String)>, AppError> {
        let request = Request::get(format!("/v2/leads?{query}")).body(()).expect("a valid request");
        Page::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn the_next_cursor_leads_to_the_row_after_the_last() {
        let first = page("tag=HOT&limit=2").await.expect("valid");
        let key = |n: &u32| (*n, "x".to_owned());
        let listed = Listed::new(&first, vec![5, 4, 3], key).expect("encodes");
        assert_eq!(listed.data, [5, 4]);
        let next =
            page(&format!("limit=2&cursor={}", listed.next_cursor.expect("there is more"))).await.expect("valid");
        assert_eq!(next.after, Some((4, "x".to_owned())));
        assert_eq!(Listed::new(&next, vec![3, 2], key).expect("encodes").next_cursor, None);
    }

    #[tokio::test]
    async fn a_limit_out_of_range_and_a_foreign_cursor_are_refused() {
        for query in ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=%20", "cursor=WzFd"] {
            assert_eq!(page(query).await.expect_err(query).status().as_u16(), 422, "{query}");
        }
        assert_eq!(page("").await.expect("valid").limit, 50);
    }
}
