//! The first page: what is lost, where, and what it would be worth.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::money::Currency;
use serde_json::{Value, json};
use shell::AppError;
use shell::page::amount;

use super::frame::SiteFrame;
use super::shown::{self, Fields, Shown};
use super::words::{self, Listed};
use super::{answer, show_page};
use crate::content::Kind;
use crate::core::Core;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "site/home.html")]
struct Home {
    frame: SiteFrame,
    page: Shown,
    /// A hundred dots, one a hundredth.
    dots: Vec<Dot>,
    example: Option<Example>,
    solutions: Vec<Listed>,
}

/// A hundredth of what is counted: where it is drawn, and which part it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dot {
    x: usize,
    y: usize,
    part: usize,
}

/// What a business would win back a month, by numbers that are said to be an example.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Example {
    inquiries: i64,
    /// In percent, as the two after it.
    missed: i64,
    recovered: i64,
    closed: i64,
    value: String,
    month: String,
}

/// `GET /`
pub(super) async fn show(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let drawn = core.tally().variant(&visit, "home").await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::own(&core, &visit, "home", fields).await?;
        let solutions = words::listed(&core, &visit).await?;
        let frame = page.frame(&visit, Kind::Page).with_json_ld(&organisation(&visit)).with_json_ld(&web_site(&visit));
        let example = example(&page.fields.row("example"), &visit.site.settings.currency);
        show_page(&Home { frame, dots: dots(&page.fields.rows("answered")), example, solutions, page })
    };
    answer(&core, &visit, ("/", wording), make).await
}

/// Who answers for the site, for search engines.
pub(super) fn organisation(visit: &Visit) -> Value {
    let (site, base) = (&visit.site, &visit.base);
    let settings = &site.settings;
    let mut said = json!({
        "@context": "https://schema.org",
        "@type": "Organization",
        "@id": format!("{base}/#organisation"),
        "name": site.name,
        "url": format!("{base}/"),
    });
    let more = [
        ("legalName", settings.legal_name.clone()),
        ("email", settings.email.clone()),
        ("telephone", settings.phone.clone()),
        ("address", settings.address.clone()),
        ("description", site.tagline.clone()),
        ("logo", if site.look.logo.is_some() { format!("{base}/site/logo") } else { String::new() }),
    ];
    for (name, text) in more {
        if !text.is_empty() {
            said[name] = Value::String(text);
        }
    }
    said
}

fn web_site(visit: &Visit) -> Value {
    let (site, base) = (&visit.site, &visit.base);
    json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": site.name,
        "url": format!("{base}/"),
        "publisher": { "@id": format!("{base}/#organisation") },
    })
}

/// The dots of parts in percent, row by row. Parts that are more than a hundred end there.
fn dots(parts: &[Fields]) -> Vec<Dot> {
    let shares = parts.iter().map(|part| part.number("share").unwrap_or(0).clamp(0, 100) as usize);
    let of = shares.enumerate().flat_map(|(part, share)| std::iter::repeat_n(part, share));
    of.take(100).enumerate().map(|(n, part)| Dot { x: n % 10 * 40 + 20, y: n / 10 * 40 + 20, part }).collect()
}

/// The example of the page's fields; none where a number of it is missing.
fn example(said: &Fields, currency: &str) -> Option<Example> {
    let number = |name: &str, most: i64| said.number(name).filter(|number| (0..=most).contains(number));
    let (inquiries, value) = (number("inquiries", 100_000)?, number("value", 1_000_000)?);
    let (missed, recovered, closed) = (number("missed", 100)?, number("recovered", 100)?, number("closed", 100)?);
    // At most 10^5 · 10^6 · 10^6 · 10^3: it stays within 64 bits only in 128.
    let unit = 10_i128.pow(Currency::from_code(currency).map_or(2, Currency::digits));
    let won =
        i128::from(inquiries) * i128::from(missed) * i128::from(recovered) * i128::from(closed) * i128::from(value);
    let month = i64::try_from(won * unit / 1_000_000).ok()?;
    let value = amount(i64::try_from(i128::from(value) * unit).ok()?, currency);
    Some(Example { inquiries, missed, recovered, closed, value, month: amount(month, currency) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::builtin;
    use crate::pages::shown::tests::fields;

    #[test]
    fn the_parts_of_the_drawing_are_a_hundred() {
        let page = builtin::page(Kind::Page, "home").expect("it is brought");
        let parts = fields(&page.fields).rows("answered");
        let dots = dots(&parts);
        assert_eq!(dots.len(), 100, "the shares of the source are whole");
        assert_eq!((dots[0], dots[99].y), (Dot { x: 20, y: 20, part: 0 }, 380));
        assert_eq!(dots[99].part, parts.len() - 1);
    }

    #[test]
    fn shares_that_are_too_many_draw_no_more_than_there_is_room() {
        let parts = fields(&json!({ "parts": [{ "share": 90 }, { "share": 90 }, { "share": -4 }] })).rows("parts");
        assert_eq!(dots(&parts).len(), 100);
    }

    #[test]
    fn the_example_is_multiplied_out() {
        let said = fields(&json!({ "inquiries": 120, "missed": 30, "recovered": 25, "closed": 40, "value": 400 }));
        let example = example(&said, "USD").expect("it is whole");
        assert_eq!((example.value.as_str(), example.month.as_str()), ("$400", "$1,440"));
        assert_eq!(super::example(&said, "JPY").expect("it is whole").month, "1,440 JPY");
        assert_eq!(super::example(&fields(&json!({ "inquiries": 1 })), "USD"), None);
    }
}
