//! Quantiles of scores over organisations that agreed to share them.

use chrono::NaiveDate;

use crate::db::Db;

/// Writes the quantiles anew from the newest scores of the last 30 days, by industry and size, by industry, and over all. No group
/// of fewer than ten organisations is kept; money is left out, because it tells how large an organisation is.
pub async fn make_benchmarks(db: &Db, today: NaiveDate) -> Result<(), sqlx::Error> {
    let mut tx = db.system_pool().begin().await?;
    sqlx::query("delete from benchmark_quantiles").execute(&mut *tx).await?;
    sqlx::query(
        "with newest as (\
           select distinct on (s.org_id, s.type) s.org_id, s.type, s.value, \
             coalesce(c.value->>'industry', '') as industry, coalesce(c.value->>'size', '') as size \
           from scores s join scoring_settings c on c.org_id = s.org_id \
           join organisations o on o.id = s.org_id and o.deleted_at is null \
           where s.location_id = '00000000-0000-0000-0000-000000000000' and s.type <> 'revenue_at_risk' \
             and s.value is not null and s.day > $1::date - 30 and (c.value->>'share_benchmarks')::boolean \
           order by s.org_id, s.type, s.day desc), \
         grouped as (select type, grouping(industry) = 0 as of_industry, grouping(size) = 0 as of_size, industry, size, \
             count(*)::int as organisations, percentile_cont(array[0.25, 0.5, 0.75]) within group (order by value) as p \
           from newest group by grouping sets ((type, industry, size), (type, industry), (type))) \
         insert into benchmark_quantiles (industry, size, type, organisations, p25, p50, p75, measured_on) \
         select case when of_industry then industry else '' end, case when of_size then size else '' end, type, organisations, \
           p[1], p[2], p[3], $1 from grouped \
         where organisations >= 10 and (not of_industry or industry <> '') and (not of_size or size <> '')",
    )
    .bind(today)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
