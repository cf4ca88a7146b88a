//! What enrolled leads paid within the window, from payments and refunds as sources told them; late ones count too.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;

use super::WINDOW_DAYS;

/// Payments less refunds of a lead and its contact after one instant, up to another, as an SQL expression. What names the lead is
/// found by it, the rest by the contact's names.
pub(super) fn paid_sql(org: &str, lead: &str, contact: &str, after: &str, until: &str) -> String {
    let sum = "select sum(case s.kind when 'payment' then s.minor else -s.minor end) from signals s";
    let when = format!("s.org_id = {org} and s.kind in ('payment', 'refund') and s.at > {after} and s.at <= {until}");
    format!(
        "coalesce(({sum} where {when} and s.lead = {lead}), 0) + coalesce(({sum} where {when} and s.lead is null \
           and s.contact = any(array(select {contact} union all select a.alias from contact_aliases a \
             where a.org_id = {org} and a.contact = {contact}))), 0)"
    )
}

/// Reads again what was paid within the window of every enrolment that is not long over; says how many changed.
pub async fn refresh(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let until = format!("e.enrolled_at + interval '{WINDOW_DAYS} days'");
    let sql = format!(
        "update play_enrolments p set outcome_minor = o.paid from (select e.id, ({})::bigint as paid from play_enrolments e \
           where e.org_id = $1 and e.enrolled_at > $2::timestamptz - interval '75 days') o \
         where p.org_id = $1 and p.id = o.id and p.outcome_minor <> o.paid",
        paid_sql("$1", "e.lead", "e.contact", "e.enrolled_at", &until),
    );
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(now).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}
