//! Which letters members want.

use kernel::db::OrgTx;
use kernel::ids::MemberId;

use crate::profile::letters::Told;

/// What a member chose; none when they never did.
pub(crate) async fn needs_human(tx: &mut OrgTx, member: MemberId) -> Result<Option<Told>, sqlx::Error> {
    let word: Option<String> =
        sqlx::query_scalar("select needs_human from member_notices where org_id = $1 and member_id = $2")
            .bind(tx.org())
            .bind(member)
            .fetch_optional(tx.conn())
            .await?;
    Ok(word.as_deref().and_then(Told::from_word))
}

pub(crate) async fn set_needs_human(tx: &mut OrgTx, member: MemberId, told: Told) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into member_notices (org_id, member_id, needs_human) values ($1, $2, $3) \
         on conflict (org_id, member_id) do update set needs_human = excluded.needs_human",
    )
    .bind(tx.org())
    .bind(member)
    .bind(told.word())
    .execute(tx.conn())
    .await?;
    Ok(())
}
