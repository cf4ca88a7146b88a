//! Bringing people in from a table: each row becomes an invitation, or says why it did not.
//!
//! A file is tried first and written when somebody says so; both give the same report, row by row. Reading ([`table`]) and
//! deciding ([`decide`]) are pure. Importing the same file again invites nobody twice: who is a member or has an open
//! invitation is left as they are. The file's name is never used, and nothing of the file is written to a disk.

mod api;
mod decide;
mod input;
pub(crate) mod page;
mod run;
mod store;
mod table;

pub(crate) use api::{__path_list, __path_post, __path_refused, __path_show, list, post, refused, show};

use chrono::{DateTime, Utc};
use kernel::ids::MemberImportId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest file, in bytes.
const LARGEST: usize = 2 << 20;
/// The largest body that may carry one: JSON escapes, and a form has its own lines.
pub(crate) const LARGEST_BODY: usize = 2 * LARGEST;
/// The most rows of a file.
const MOST_ROWS: usize = 10_000;

/// A row of the file as it was written, spaces around cells aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The line of the file it begins on; the header is line 1.
    line: u64,
    email: String,
    name: String,
    role: String,
    team: String,
    /// Why it cannot be read at all; empty when it can.
    broken: String,
}

/// What became of a row, or would become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// An invitation is made; an earlier one to the same email with another role, or that ended, stops working.
    Invited,
    /// There is an open invitation with this role already; it is left as it is.
    Waiting,
    /// The person is a member already; they are left as they are.
    Member,
    /// The row cannot be used; the reason says why.
    Refused,
}

impl Outcome {
    /// Words for the report, and their tone.
    fn words(self, dry_run: bool) -> (&'static str, &'static str) {
        match self {
            Self::Invited if dry_run => ("will be invited", "won"),
            Self::Invited => ("invited", "won"),
            Self::Waiting => ("invited before", ""),
            Self::Member => ("member already", ""),
            Self::Refused => ("refused", "risk"),
        }
    }
}

/// A row with what became of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RowOut {
    /// The line of the file; the header is line 1.
    line: u64,
    #[schema(example = "sam@example.com")]
    email: String,
    name: String,
    /// As it was written; an empty one is read as `viewer`.
    role: String,
    team: String,
    outcome: Outcome,
    /// Why the row was refused, or what to know about one that was not; empty when there is nothing to say.
    #[serde(default)]
    reason: String,
}

/// How many rows had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Counts {
    rows: i32,
    invited: i32,
    waiting: i32,
    members: i32,
    refused: i32,
}

impl Counts {
    fn of(rows: &[RowOut]) -> Self {
        let count = |wanted: Outcome| rows.iter().filter(|row| row.outcome == wanted).count() as i32;
        Self {
            rows: rows.len() as i32,
            invited: count(Outcome::Invited),
            waiting: count(Outcome::Waiting),
            members: count(Outcome::Member),
            refused: count(Outcome::Refused),
        }
    }
}

/// An import as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ImportOut {
    id: MemberImportId,
    created_at: DateTime<Utc>,
    /// When the invitations were made; null while it was only tried.
    done_at: Option<DateTime<Utc>>,
    counts: Counts,
}

/// An import with its rows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportOut {
    #[serde(flatten)]
    import: ImportOut,
    /// Columns of the file that were not read.
    ignored_columns: Vec<String>,
    /// Every row of the file, in its order.
    report: Vec<RowOut>,
    /// Where the refused rows are as CSV, with the reason beside each; null when there are none.
    #[schema(example = "/v2/members/imports/import_01h455vb4pex5vsknk084sn02q/refused")]
    refused_csv: Option<String>,
}
