//! Thirty days of visits and a comparison of wordings that is not decided yet, as the site's counting would have left them.

use chrono_tz::Tz;
use kernel::db::OrgTx;
use kernel::ids::ExperimentId;
use kernel::ledger::Actor;
use serde_json::json;

/// The time zone of the firm.
pub const ZONE: Tz = Tz::America__New_York;
/// Days of visits, and days for which wordings have been compared.
const DAYS: i32 = 30;
const COMPARED: i32 = 14;
/// Visitors a variant before the comparison says anything: from 12 % to 16 %, found four times of five.
const NEEDED: i64 = 1_180;

/// Writes them.
pub async fn write(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let org = tx.org();
    let today = tx.clock().now().with_timezone(&ZONE).date_naive();
    for statement in [VISITS, PAGES] {
        sqlx::query(statement).bind(org).bind(today).bind(DAYS).execute(tx.conn()).await?;
    }
    let experiment = ExperimentId::new(tx.clock());
    let now = tx.clock().now();
    let variants = json!([
        { "name": "As it stands", "weight": 1, "fields": null },
        { "name": "A question", "weight": 1, "fields": { "headline": "What does it cost you when nobody answers?" } },
    ]);
    sqlx::query(
        "insert into site_experiments (org_id, id, name, page, goal, variants, baseline, smallest_effect, needed, state, by_actor, \
           created_at, started_at) \
         values ($1, $2, 'A question in the headline', 'home', 'audit_begun', $3, 0.12, 0.04, $4, 'running', $5, $6, $6)",
    )
    .bind(org)
    .bind(experiment)
    .bind(variants)
    .bind(NEEDED)
    .bind(Actor::System.to_string())
    .bind(now - chrono::Duration::days(i64::from(COMPARED)))
    .execute(tx.conn())
    .await?;
    sqlx::query(EXPOSED).bind(org).bind(today).bind(COMPARED).bind(experiment).execute(tx.conn()).await?;
    Ok(())
}

/// Fewer on weekends, some days better than others; nothing of it is drawn by chance.
const VISITS: &str = "insert into site_totals (org_id, day, source, device, visitors, views, reached) \
    select $1, $2 - back, s.name, d.name, v, v * 3 - v / 4, \
      array[(v * 22 + 50) / 100, (v * 18 + 50) / 100, (v * 16 + 50) / 100, (v * 14 + 50) / 100, (v * 13 + 50) / 100, (v * 4 + 50) / 100] \
    from generate_series(1, $3) back, \
      (values ('', 28), ('google.com', 46), ('linkedin.com', 14), ('newsletter', 18), ('bing.com', 6)) s (name, base), \
      (values ('phone', 55), ('computer', 40), ('tablet', 5)) d (name, share), \
      lateral (select (s.base * d.share * case when extract(isodow from ($2 - back)) > 5 then 45 else 100 end \
        * (80 + (back * 7 + length(s.name) * 5) % 41) / 1000000)::bigint v) x \
    where v > 0 on conflict do nothing";

/// The same views, by page.
const PAGES: &str = "insert into site_views (org_id, day, path, views) \
    select t.org_id, t.day, p.path, (sum(t.views) * p.share / 100)::bigint \
    from site_totals t, (values ('/', 34), ('/audit', 17), ('/solutions/dentists', 9), ('/pricing', 8), ('/blog/missed-calls', 8), \
      ('/blog/left-alone', 6), ('/roi', 7), ('/about', 5), ('/contact', 6)) p (path, share) \
    where t.org_id = $1 and t.day between $2 - $3 and $2 \
    group by t.org_id, t.day, p.path, p.share having sum(t.views) * p.share >= 100 on conflict do nothing";

/// Who saw which wording, and who began an audit.
const EXPOSED: &str = "insert into site_exposures (org_id, experiment_id, day, visitor, variant, reached) \
    select $1, $4, $2 - back, decode(md5('who ' || back || ' ' || n), 'hex'), (h % 2)::smallint, \
      (h / 2) % 100 < case when h % 2 = 0 then 12 else 15 end \
    from generate_series(1, $3) back, generate_series(1, 44) n, \
      lateral (select ('x' || substr(md5('drawn ' || back || ' ' || n), 1, 7))::bit(28)::int h) x on conflict do nothing";
