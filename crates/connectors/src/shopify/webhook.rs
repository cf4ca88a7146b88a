//! Shopify's webhooks: base64 HMAC-SHA256 of the raw body under the app's secret, in two families of headers.

use kernel::config::Secret;

use crate::signed::{self, Untrusted};
use crate::source::Notice;

/// Checks a notice and says what to read again. Bodies are of the older API's form and may be late, so they are not mapped.
pub fn notice(secrets: &[Secret], header: impl Fn(&str) -> Option<String>, body: &[u8]) -> Result<Notice, Untrusted> {
    let either = |name: &str| header(&format!("x-{name}")).or_else(|| header(name));
    let given = either("shopify-hmac-sha256").ok_or(Untrusted::Missing)?;
    signed::check_base64(secrets, &[body], &given)?;
    let topic = either("shopify-topic").unwrap_or_default();
    let wake = match topic.split('/').next().unwrap_or_default() {
        "orders" | "refunds" | "order_transactions" => vec!["orders".to_owned()],
        "checkouts" => vec!["checkouts".to_owned()],
        _ => Vec::new(),
    };
    Ok(Notice { records: Vec::new(), wake })
}

/// The shop a notice is of, such as `smile.myshopify.com`; believe it only after [`notice`].
pub fn shop(header: impl Fn(&str) -> Option<String>) -> Option<String> {
    header("x-shopify-shop-domain").or_else(|| header("shopify-shop-domain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=";

    fn check(family: &str, signature: &str, body: &[u8]) -> Result<Notice, Untrusted> {
        let headers =
            [(format!("{family}shopify-hmac-sha256"), signature), (format!("{family}shopify-topic"), "orders/paid")];
        let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| (*value).to_owned());
        notice(&[Secret::new("test_secret")], header, body)
    }

    #[test]
    fn both_families_of_headers_are_known() {
        for family in ["x-", ""] {
            let told = check(family, SIGNATURE, br#"{"hello":"world"}"#).expect("signed");
            assert_eq!(told.wake, ["orders"]);
        }
        assert_eq!(check("x-", SIGNATURE, br#"{"hello":"World"}"#).err(), Some(Untrusted::Wrong));
        assert_eq!(check("y-", SIGNATURE, br#"{"hello":"world"}"#).err(), Some(Untrusted::Missing));
    }
}
