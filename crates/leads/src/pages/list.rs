//! `/leads`: a table and a board on the same filters.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::ids::LeadId;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Frame, Listed, Page, Query, Tab, show};

use crate::core::Core;
use crate::desk::{Filter, LeadOut, LeadStats, STAGES, count, read};

/// Most cards on a board; the table has them all.
const MOST_CARDS: i64 = 400;

#[derive(Template)]
#[template(path = "leads/list.html")]
struct ListPage {
    frame: Frame,
    here: String,
    stats: LeadStats,
    q: String,
    tag: String,
    board: bool,
    views: Vec<Tab>,
    tags: Vec<Tab>,
    stages: Vec<Tab>,
    rows: Vec<LeadOut>,
    columns: Vec<Column>,
    more: String,
    filtered: bool,
}

struct Column {
    label: &'static str,
    cards: Vec<LeadOut>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    tag: String,
    stage: String,
    q: String,
    view: String,
}

impl Look {
    fn filter(&self) -> Filter {
        Filter { tag: Some(self.tag.clone()), stage: Some(self.stage.clone()), q: Some(self.q.clone()) }
    }

    fn href(&self) -> String {
        let pairs = [("view", &self.view), ("tag", &self.tag), ("stage", &self.stage), ("q", &self.q)];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let text: Vec<String> = given.map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        if text.is_empty() { "/leads".to_owned() } else { format!("/leads?{}", text.join("&")) }
    }

    fn tab(&self, label: &str, active: bool, change: impl FnOnce(&mut Self)) -> Tab {
        let mut other = self.clone();
        change(&mut other);
        Tab::new(label, other.href(), active)
    }
}

pub(crate) async fn page(
    by: Allowed<View>,
    State(core): State<Core>,
    page: Page<(DateTime<Utc>, LeadId)>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let board = look.view == "board";
    let mut wanted = look.filter().wanted(&mut tx, &vault).await?;
    (wanted.after, wanted.limit) = (page.after, if board { MOST_CARDS } else { page.fetch() });
    let rows = read(&mut tx, &vault, &wanted).await?;
    let stats = count(&mut tx, by.now()).await?;
    let (rows, columns, more) = if board {
        (Vec::new(), columns(rows), String::new())
    } else {
        let listed = Listed::new(&page, rows, |row| (row.updated_at, row.id))?;
        let join = if look.href().contains('?') { '&' } else { '?' };
        let more = listed.next_cursor.map(|cursor| format!("{}{join}cursor={cursor}", look.href()));
        (listed.data, Vec::new(), more.unwrap_or_default())
    };
    let tag = |word: &'static str| {
        look.tab(word, look.tag == word, |other| {
            other.tag = if look.tag == word { String::new() } else { word.to_owned() }
        })
    };
    let stages = STAGES.iter().map(|(word, label)| Tab::new(*label, *word, look.stage == *word));
    show(&ListPage {
        frame: by.frame("Leads"),
        here: look.href(),
        board,
        views: vec![
            look.tab("Table", !board, |other| other.view = String::new()),
            look.tab("Board", board, |other| other.view = "board".to_owned()),
        ],
        tags: ["HOT", "WARM", "COLD"].map(tag).into(),
        stages: stages.collect(),
        stats,
        rows,
        columns,
        more,
        filtered: !(look.tag.is_empty() && look.stage.is_empty() && look.q.is_empty()),
        q: look.q,
        tag: look.tag,
    })
}

fn columns(rows: Vec<LeadOut>) -> Vec<Column> {
    let mut columns: Vec<Column> = STAGES.iter().map(|(_, label)| Column { label, cards: Vec::new() }).collect();
    for row in rows {
        if let Some(place) = STAGES.iter().position(|(word, _)| *word == row.stage) {
            columns[place].cards.push(row);
        }
    }
    columns
}
