//! Trying and doing an import: one transaction each, all of it or nothing.

use chrono::{DateTime, Duration, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::MemberImportId;
use kernel::ledger::{Event, Fact, Subject};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Role};

use super::decide::{Wanted, decide};
use super::store::{self, Kept};
use super::table::Table;
use super::{Counts, ImportOut, Outcome, ReportOut, Row, RowOut};
use crate::input::Email;
use crate::invites::letter;
use crate::members::may_touch;
use crate::origin::Origin;
use crate::secrets;
use crate::store::members;

/// Reports are kept this long.
const KEPT: Duration = Duration::days(30);

/// An invitation made a moment ago that no letter carries: its secret is nowhere else.
pub(super) struct Made {
    pub(super) email: String,
    pub(super) token: String,
}

/// Reads what is known and decides; with `really`, makes the invitations too.
pub(super) async fn start(
    app: &App,
    by: &Allowed<ManagePeople>,
    table: Table,
    really: bool,
    origin: &Origin,
) -> Result<(ReportOut, Vec<Made>), AppError> {
    let import = (MemberImportId::new(&by.kernel().clock), by.now());
    let mut tx = by.tx().await?;
    store::sweep(&mut tx, by.now() - KEPT).await?;
    write((app, by), tx, import, table, really, origin).await
}

/// Does what was tried. What changed since then is decided anew; one that is done already is left as it is.
pub(super) async fn finish(
    app: &App,
    by: &Allowed<ManagePeople>,
    id: MemberImportId,
    origin: &Origin,
) -> Result<(ReportOut, Vec<Made>), AppError> {
    let mut tx = by.tx().await?;
    let (import, sealed) = store::find(&mut tx, id, true).await?.ok_or_else(|| AppError::not_found("import"))?;
    if import.done_at.is_some() {
        return Err(AppError::conflict("these people were invited already"));
    }
    let Kept { ignored_columns, rows } = open(by, id, &sealed).await?;
    let rows = rows.into_iter().map(written).collect();
    write((app, by), tx, (id, import.created_at), Table { rows, ignored_columns }, true, origin).await
}

/// The report of an import.
pub(super) async fn report(by: &Allowed<ManagePeople>, id: MemberImportId) -> Result<ReportOut, AppError> {
    let found = store::find(&mut by.tx().await?, id, false).await?;
    let (import, sealed) = found.ok_or_else(|| AppError::not_found("import"))?;
    let Kept { ignored_columns, rows } = open(by, id, &sealed).await?;
    Ok(told(import, ignored_columns, rows))
}

async fn write(
    (app, by): (&App, &Allowed<ManagePeople>),
    mut tx: OrgTx,
    (id, created_at): (MemberImportId, DateTime<Utc>),
    table: Table,
    really: bool,
    origin: &Origin,
) -> Result<(ReportOut, Vec<Made>), AppError> {
    let Table { rows, ignored_columns } = table;
    store::lock(&mut tx).await?;
    let emails: Vec<String> =
        rows.iter().filter_map(|row| Some(Email::parse(&row.email).ok()?.as_str().to_owned())).collect();
    let may_own = may_touch(by.principal(), Role::Owner).is_ok();
    let known = store::known(&mut tx, &emails, may_own).await?;
    let (report, wanted) = decide(&rows, &known, by.now());
    let made = if really { invite(&mut tx, (app, by), &wanted, origin).await? } else { Vec::new() };
    let import = ImportOut { id, created_at, done_at: really.then(|| by.now()), counts: Counts::of(&report) };
    let kept = Kept { ignored_columns, rows: report };
    let text = serde_json::to_vec(&kept).map_err(AppError::internal)?;
    let sealed = by.kernel().vault.seal(by.org(), &store::place(id), &text).await?;
    store::keep(&mut tx, &import, &by.actor().to_string(), sealed).await?;
    if really {
        let Counts { rows, invited, waiting, members, refused } = import.counts;
        let detail =
            json!({ "rows": rows, "invited": invited, "waiting": waiting, "members": members, "refused": refused });
        let entry = AuditEntry::new(by.actor(), "members.imported").about(id).detail(detail);
        audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    }
    tx.commit().await?;
    Ok((told(import, kept.ignored_columns, kept.rows), made))
}

/// Makes the invitations, with their facts. The audit log names each that lets somebody manage people; the others are in the
/// report, which the one entry of the import names.
async fn invite(
    tx: &mut OrgTx,
    (app, by): (&App, &Allowed<ManagePeople>),
    wanted: &[Wanted],
    origin: &Origin,
) -> Result<Vec<Made>, AppError> {
    let tokens = wanted.iter().map(|_| secrets::fresh("")).collect::<Result<Vec<_>, _>>()?;
    let hashes = tokens.iter().map(|token| secrets::hash(token)).collect();
    let ids =
        store::invite(tx, wanted, hashes, &by.actor().to_string()).await.map_err(|error| match members::constraint(
            &error,
        ) {
            Some("invites_open") => AppError::conflict(
                "somebody invited one of these people at this moment; nothing was changed, try again",
            ),
            _ => error.into(),
        })?;
    for (id, one) in ids.iter().zip(wanted) {
        let fact = Fact::MemberInvited { invite: *id, role: one.role.to_string() };
        tx.append(Event::new(Subject::Org(by.org()), by.actor(), fact));
    }
    for (id, one) in ids.iter().zip(wanted).filter(|(_, one)| matches!(one.role, Role::Owner | Role::Admin)) {
        let entry = AuditEntry::new(by.actor(), "member.invited").about(*id).detail(json!({ "role": one.role }));
        audit::record(tx, entry.from_ip(origin.ip)).await?;
    }
    let mut shown = Vec::new();
    for (one, token) in wanted.iter().zip(tokens) {
        if !letter::post(tx, app, by, (one.email.as_str(), one.role), &token).await? {
            shown.push(Made { email: one.email.to_string(), token });
        }
    }
    Ok(shown)
}

async fn open(by: &Allowed<ManagePeople>, id: MemberImportId, sealed: &[u8]) -> Result<Kept, AppError> {
    let text = by.kernel().vault.open(by.org(), &store::place(id), sealed).await?;
    serde_json::from_slice(&text).map_err(AppError::internal)
}

/// A row of a report as it was written. One that could not be read stays so.
fn written(row: RowOut) -> Row {
    let RowOut { line, email, name, role, team, outcome, reason } = row;
    let unreadable = outcome == Outcome::Refused && reason.starts_with("has more cells");
    let broken = if unreadable { reason } else { String::new() };
    Row { line, email, name, role, team, broken }
}

fn told(import: ImportOut, ignored_columns: Vec<String>, report: Vec<RowOut>) -> ReportOut {
    let refused_csv = (import.counts.refused > 0).then(|| format!("/v2/members/imports/{}/refused", import.id));
    ReportOut { import, ignored_columns, report, refused_csv }
}
