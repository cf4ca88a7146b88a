//! What plays keep of contacts: that a lead met one, what was done, and what it paid since.

use kernel::db::OrgTx;
use kernel::privacy::{Removed, Sheet, Traces};

/// The contacts' enrolments, also those made under another name of theirs.
const THEIRS: &str = "org_id = $1 and (contact = any($2) or contact in (select a.alias from contact_aliases a \
    where a.org_id = $1 and a.contact = any($2)))";

/// Hides them, or brings them back.
pub(crate) async fn hide(tx: &mut OrgTx, traces: &Traces, hidden: bool) -> Result<(), sqlx::Error> {
    let now = hidden.then(|| tx.clock().now());
    let sql = format!("update play_enrolments set hidden_at = $3 where {THEIRS}");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(traces.contact_ids())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Shows them.
pub(crate) async fn export(tx: &mut OrgTx, traces: &Traces) -> Result<Sheet, sqlx::Error> {
    let sql = format!(
        "select jsonb_build_object('play', play, 'arm', arm, 'exempt', exempt, 'action', action, 'enrolled_at', enrolled_at, \
           'acted_at', acted_at, 'paid_minor', outcome_minor) from play_enrolments where {THEIRS} order by enrolled_at, id"
    );
    let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(traces.contact_ids())
        .fetch_all(tx.conn())
        .await?;
    Ok(Sheet::new("plays", rows))
}

/// Removes them. Their leads are missing from read-outs afterwards, on both sides alike.
pub(crate) async fn erase(tx: &mut OrgTx, traces: &Traces) -> Result<Removed, sqlx::Error> {
    let sql = format!("delete from play_enrolments where {THEIRS}");
    let done =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(traces.contact_ids()).execute(tx.conn()).await?;
    Ok(Removed::new("play_enrolments", done.rows_affected()))
}
