//! What the firm's site says beside what every site brings: authors, posts, a study of the demo's own figures, ways of old addresses.

use anyhow::Context;
use kernel::db::OrgTx;
use kernel::ids::{AuthorId, PageId};
use kernel::ledger::Actor;
use serde_json::{Value, json};
use shell::page::{amount, count};

use super::Web;
use crate::commands::demo::business;

/// Who writes: address, name, role, words.
const AUTHORS: [(&str, &str, &str, &str); 2] = [
    (
        "ruth-castellane",
        "Ruth Castellane",
        "Founder",
        "Ran the front desk of a practice with four chairs for nine years, and counted the calls on the back of the appointment book. \
         An invented person of the demo.",
    ),
    (
        "idris-bello",
        "Idris Bello",
        "Measurement",
        "Asks of every success how many would have come anyway. An invented person of the demo.",
    ),
];

/// A post: address, title, summary, words, category, tags, author, days since it came out; none for a draft.
struct Post {
    slug: &'static str,
    title: &'static str,
    summary: &'static str,
    body: &'static str,
    category: &'static str,
    tags: &'static [&'static str],
    author: usize,
    days: Option<i64>,
}

const POSTS: [Post; 5] = [
    Post {
        slug: "missed-calls",
        title: "How many calls do you miss? One week and one sheet of paper",
        summary: "The phone system knows how many callers nobody answered. How to count them, what they are worth, and what to do first.",
        body: include_str!("words/missed-calls.md"),
        category: "Answering",
        tags: &["phone", "counting"],
        author: 0,
        days: Some(34),
    },
    Post {
        slug: "answering-speed",
        title: "The first good answer wins: where the hours go between a message and its reply",
        summary: "Typing faster saves seconds. What costs hours is that nobody has seen the message. How to find out which of both it is.",
        body: include_str!("words/answering-speed.md"),
        category: "Answering",
        tags: &["messages", "counting"],
        author: 0,
        days: Some(20),
    },
    Post {
        slug: "no-shows",
        title: "No-shows: make it easy to say no",
        summary: "Most people who do not come could not come, and saying so was harder than staying away. Three moments at which that changes.",
        body: include_str!("words/no-shows.md"),
        category: "Booking",
        tags: &["appointments"],
        author: 0,
        days: Some(11),
    },
    Post {
        slug: "left-alone",
        title: "Leave some alone: how to know what a message really brought back",
        summary: "Forty people came back after two hundred messages. How many would have come anyway? Lots and a little patience tell.",
        body: include_str!("words/left-alone.md"),
        category: "Measuring",
        tags: &["counting", "holdout"],
        author: 1,
        days: Some(3),
    },
    Post {
        slug: "saturdays",
        title: "Who answers on Saturdays?",
        summary: "A draft: three ways to cover a morning on which hardly anybody is there and many people have time to write.",
        body: "Notes for a post.\n\n- How many messages of a week arrive on Saturday before noon?\n- Who sees them first, and when?\n\
               - What may be answered without asking anybody?\n",
        category: "Answering",
        tags: &["messages"],
        author: 0,
        days: None,
    },
];

/// Old addresses and where they lead now.
const MOVED: [(&str, &str); 3] =
    [("/free-audit", "/audit"), ("/blog/how-many-calls", "/blog/missed-calls"), ("/prices", "/pricing")];

/// Figures of a study: what, how much, how it was measured.
pub struct Study(Value);

/// What Northwind's play measured, as its own page says it.
pub async fn measured(web: &Web, password: &str) -> anyhow::Result<Study> {
    let sign_in = json!({ "email": business::OWNER_EMAIL, "password": password });
    let entered = web.json("POST", "/v2/auth/login", &[], &sign_in).await?;
    let token = format!("Bearer {}", entered["access_token"].as_str().context("a token")?);
    let as_dana = [("authorization", token.as_str())];
    let told = web.json("GET", "/v2/plays/missed_call_text_back/results", &as_dana, &Value::Null).await?;
    let currency = told["currency"].as_str().context("a currency")?;
    let leads = |arm: &str| told[arm]["leads"].as_i64().context("leads of an arm");
    let (treated, held) = (leads("treated")?, leads("held")?);
    let mut figures = vec![
        json!({ "label": "Callers who got a message", "value": count(treated), "how": "Everybody whose call was missed, but for those left alone" }),
        json!({ "label": "Left alone by chance", "value": count(held), "how": "Drawn before anybody was written to" }),
    ];
    let effect = &told["effect"];
    if effect["is_increase"] == true {
        let money = |field: &str| amount(effect[field].as_i64().unwrap_or_default(), currency);
        let how = format!(
            "The difference within 30 days; 95 % interval {} to {}. Demo data",
            money("low_minor"),
            money("high_minor")
        );
        figures.insert(0, json!({ "label": "Won back", "value": money("incremental_minor"), "how": how }));
    } else {
        let how = told["sentence"].as_str().unwrap_or_default();
        figures.insert(0, json!({ "label": "Won back", "value": "Too early to say", "how": how }));
    }
    Ok(Study(json!({ "figures": figures })))
}

/// Writes all of it.
pub async fn write(tx: &mut OrgTx, study: Option<Study>) -> Result<(), sqlx::Error> {
    let authors = [AuthorId::new(tx.clock()), AuthorId::new(tx.clock())];
    for (id, (slug, name, role, bio)) in authors.iter().zip(AUTHORS) {
        let org = tx.org();
        sqlx::query("insert into site_authors (org_id, id, slug, name, role, bio) values ($1, $2, $3, $4, $5, $6)")
            .bind(org)
            .bind(*id)
            .bind(slug)
            .bind(name)
            .bind(role)
            .bind(bio)
            .execute(tx.conn())
            .await?;
    }
    for post in &POSTS {
        page(tx, "post", post, &json!({}), authors[post.author]).await?;
    }
    if let Some(Study(figures)) = study {
        let post = Post {
            slug: "northwind-missed-calls",
            title: "A message to whoever nobody could answer",
            summary: "What a practice won back from missed calls, measured against callers who were left alone by chance. Demo data.",
            body: include_str!("words/northwind-study.md"),
            category: "",
            tags: &[],
            author: 1,
            days: Some(8),
        };
        page(tx, "case_study", &post, &figures, authors[1]).await?;
    }
    for (from, to) in MOVED {
        let (org, now) = (tx.org(), tx.clock().now());
        sqlx::query(
            "insert into site_redirects (org_id, from_path, to_path, by_actor, at) values ($1, $2, $3, $4, $5)",
        )
        .bind(org)
        .bind(from)
        .bind(to)
        .bind(Actor::System.to_string())
        .bind(now)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

async fn page(tx: &mut OrgTx, kind: &str, post: &Post, fields: &Value, author: AuthorId) -> Result<(), sqlx::Error> {
    let (org, now, id) = (tx.org(), tx.clock().now(), PageId::new(tx.clock()));
    let published = post.days.map(|days| now - chrono::Duration::days(days));
    sqlx::query(
        "insert into site_pages (org_id, id, kind, slug, title, summary, body, fields, category, tags, author_id, state, published_at, \
           made_by, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
    )
    .bind(org)
    .bind(id)
    .bind(kind)
    .bind(post.slug)
    .bind(post.title)
    .bind(post.summary)
    .bind(post.body)
    .bind(fields)
    .bind(post.category)
    .bind(post.tags)
    .bind(author)
    .bind(if published.is_some() { "published" } else { "draft" })
    .bind(published)
    .bind(Actor::System.to_string())
    .bind(published.unwrap_or(now))
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "insert into site_revisions (org_id, page_id, revision, title, summary, body, fields, by_actor, at) \
         select org_id, id, revision, title, summary, body, fields, made_by, created_at from site_pages where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}
