//! A table as a practice's old program writes it: Latin letters of one byte, semicolons, commas before cents, and dates whose days
//! could be months. One of its rows is no signal.

use std::path::PathBuf;

use browser_tests::Browser;
use chrono::{Datelike, Days, NaiveDate};

/// Leads in the table.
pub(super) const LEADS: usize = 20;
/// Of them, those that nobody answered.
pub(super) const UNANSWERED: usize = 8;
/// Of them, those that were answered, and nothing came of it.
pub(super) const STALE: usize = 6;

/// The table, as a file.
pub(super) struct Table {
    folder: tempfile::TempDir,
    /// Its rows, without the one of names.
    pub rows: usize,
    /// When the first of its leads came.
    pub first: NaiveDate,
}

impl Table {
    /// A table of the last weeks before a day.
    pub(super) fn new(today: NaiveDate) -> Self {
        let days: Vec<NaiveDate> =
            (4..27).map(|back| today - Days::new(back)).filter(|day| is_ambiguous(*day)).collect();
        let of = |lead: usize| days[lead % days.len()];
        let mut lines = vec!["Nr;Datum;Type;Amount;E-Mail;Lead;Location".to_owned()];
        let mut add = |lead: usize, clock: &str, kind: &str, amount: &str| {
            let (nr, day) = (lines.len(), of(lead).format("%d.%m.%Y"));
            lines.push(format!("{nr};{day} {clock};{kind};{amount};guest{lead}@example.com;L{lead};Köln Süd"));
        };
        // Those that paid come first, so that the first rows show every kind.
        for lead in (0..LEADS).rev() {
            add(lead, "09:10", "Enquiry", "");
            if lead >= UNANSWERED {
                add(lead, "09:14", "Answer", "");
            }
            if lead >= UNANSWERED + STALE {
                add(lead, "15:30", "Payment", "180,00");
            }
        }
        add(0, "16:00", "Payment", "-180,00");
        let text = lines.join("\r\n");
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("a letter of one byte")).collect();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("leads.csv"), bytes).expect("a file");
        Self { folder, rows: lines.len() - 1, first: of(LEADS - 1) }
    }

    /// Where it lies.
    fn path(&self) -> PathBuf {
        self.folder.path().join("leads.csv")
    }

    /// Uploads it on the page of sources; what it leaves open is asked there.
    pub(super) async fn upload(&self, browser: &Browser) {
        browser.go("/ingestion").await;
        browser.write("#f-file", self.path().to_str().expect("a path of letters")).await;
        browser.click("#table button[type=submit]", "Look at it").await;
        browser.see("h1", "Read a table").await;
        browser.see(".facts", "windows-125").await;
        browser.see(".questions li", "Which order do the dates have?").await;
        browser.see(".questions li", "In which currency are the amounts?").await;
        browser.see("#trial", "can be read in two orders").await;
    }

    /// Answers what it leaves open; its first rows are shown as they will be read.
    pub(super) async fn answer(&self, browser: &Browser) {
        browser.write("#f-currency_code", "USD").await;
        browser.choose("#f-date_order", "day, month, year").await;
        browser.see("#trial td", &self.first.format("%-d %b %Y, 09:10 UTC").to_string()).await;
        browser.see("#trial td", "USD 180.00").await;
        browser.see("#trial td", "Köln Süd").await;
        assert_eq!(browser.count("#trial .badge.risk").await, 0, "a row of the first ones is kept aside");
    }
}

/// Whether the number of a day could be that of a month, and would be another one.
fn is_ambiguous(day: NaiveDate) -> bool {
    day.day() <= 12 && day.day() != day.month()
}
