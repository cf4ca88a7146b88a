//! What the desk does with inquiries that the room itself must hear of.

use kernel::db::OrgTx;
use kernel::ids::InquiryId;

use super::keep::job_of;

/// Says that an inquiry is no spam: it becomes what it would have become at once. False where it is not kept aside. The reasons stay,
/// so that the desk sees what misled.
pub(crate) async fn not_spam(tx: &mut OrgTx, id: InquiryId) -> Result<bool, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let done = sqlx::query(
        "update site_inquiries set state = 'new', updated_at = $3 where org_id = $1 and id = $2 and state = 'spam'",
    )
    .bind(org)
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    tx.enqueue(job_of(id));
    Ok(true)
}
