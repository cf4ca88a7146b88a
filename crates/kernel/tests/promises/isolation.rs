//! The database refuses to leak: every tenant table is walled, and the walls are seen in the catalogue.

use kernel::db::system;
use kernel::ids::{OrgId, UserId};
use kernel::queue::Lane;
use kernel::testing::TestDb;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::workers::add;

/// Tables of no organisation that the tenant role may touch, each with its reason.
const COMMON: [(&str, &str); 5] = [
    ("users", "a person may be a member of several organisations"),
    ("ai_plan_limits", "what each plan includes"),
    ("benchmark_quantiles", "quantiles of ten organisations or more, for everyone to read"),
    ("followers", "how far each view has read the ledger"),
    ("counters", "the operator's counters of refused and unknown deliveries"),
];

/// Every way in which a table of the catalogue breaks the rules of tenancy.
const LEAKS: &str = "
with tenant as (
  select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, a.attnum, a.attnotnull
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace),
app as (select oid from pg_roles where rolname = 'recoup_app')
select relname || ': org_id may be null' from tenant where not attnotnull
union all
select relname || ': row-level security is not enabled and forced' from tenant where not (relrowsecurity and relforcerowsecurity)
union all
select relname || ': no policy for recoup_app' from tenant t where not relispartition and not exists (
  select from pg_policy p, app where p.polrelid = t.oid and app.oid = any(p.polroles))
union all
select t.relname || ': policy ' || polname || ' lets more through than its own organisation' from tenant t join pg_policy p on p.polrelid = t.oid
  where p.polpermissive and ((select oid from app) = any(p.polroles) or 0 = any(p.polroles))
  and (pg_get_expr(p.polqual, p.polrelid) is distinct from '(org_id = recoup_org())'
    or pg_get_expr(p.polwithcheck, p.polrelid) is distinct from '(org_id = recoup_org())')
union all
select relname || ': no primary key' from tenant t where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)
union all
select t.relname || ': unique key ' || i.indexrelid::regclass || ' does not lead with org_id' from tenant t
  join pg_index i on i.indrelid = t.oid and i.indisunique where i.indkey[0] <> t.attnum
  -- A host is one site's in the whole installation; the column says nothing that DNS does not.
  and i.indexrelid <> 'sites_domain_key'::regclass
union all
select t.relname || ': foreign key ' || k.conname || ' does not lead with org_id' from tenant t
  join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' join tenant other on other.oid = k.confrelid
  where k.conkey[1] <> t.attnum or k.confkey[1] <> other.attnum
union all
select c.relname || ': the tenant role may use it, but it has no org_id' from pg_class c
  where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace = 'public'::regnamespace and c.relname not in ('organisations')
  and not exists (select from tenant t where t.oid = c.oid) and c.relname <> all($1)
  and has_table_privilege('recoup_app', c.oid, 'select, insert, update, delete')
order by 1";

async fn leaks(owner: &mut PgConnection) -> Vec<String> {
    let common: Vec<&str> = COMMON.iter().map(|(name, _)| *name).collect();
    sqlx::query_scalar(LEAKS).bind(common).fetch_all(owner).await.expect("the catalogue can be read")
}

#[tokio::test]
async fn every_tenant_table_is_walled() {
    let db = TestDb::new().await;
    let mut owner = db.owner().await;
    assert_eq!(leaks(&mut owner).await, Vec::<String>::new());
    let tenants: i64 = sqlx::query_scalar(
        "select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attname = 'org_id' \
         and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert!(tenants > 10, "the walk found {tenants} tables");
}

#[tokio::test]
async fn a_planted_leak_is_found() {
    let db = TestDb::new().await;
    let mut owner = db.owner().await;
    let good = "create table planted (org_id uuid not null, id uuid not null, primary key (org_id, id)); \
                select recoup_tenant_table('planted')";
    let plants = [
        (
            "create table planted (org_id uuid not null, id uuid not null, primary key (org_id, id))",
            "row-level security is not",
        ),
        (
            "create table planted (org_id uuid not null, id uuid primary key); select recoup_tenant_table('planted')",
            "unique key planted_pkey",
        ),
        (
            "create table planted (org_id uuid not null, id uuid); select recoup_tenant_table('planted')",
            "no primary key",
        ),
        ("create table planted (org_id uuid, id uuid); select recoup_tenant_table('planted')", "org_id may be null"),
        ("create table planted (id uuid); grant select on planted to recoup_app", "it has no org_id"),
        ("create view planted as select * from jobs; grant select on planted to recoup_app", "it has no org_id"),
        ("alter table planted no force row level security", "row-level security is not"),
        ("drop policy tenant on planted", "no policy for recoup_app"),
        ("create policy wide on planted to recoup_app using (true)", "policy wide lets more through"),
        ("create policy public on planted using (true) with check (true)", "policy public lets more through"),
        ("create unique index by_id on planted (id)", "unique key by_id"),
        (
            "alter table planted add other uuid, add foreign key (other, org_id) references jobs (id, org_id)",
            "foreign key",
        ),
    ];
    for (sql, expected) in plants {
        let mut script = String::from("begin; ");
        if !sql.starts_with("create table") && !sql.starts_with("create view") {
            script.push_str(good);
            script.push_str("; ");
        }
        if sql.contains("foreign key") {
            script.push_str("create unique index turned on jobs (id, org_id); ");
        }
        script.push_str(sql);
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut owner).await.expect("planted");
        let found = leaks(&mut owner).await;
        assert!(found.iter().any(|leak| leak.contains(expected)), "{sql}: {found:?}");
        sqlx::raw_sql("rollback").execute(&mut owner).await.unwrap();
    }
    assert!(!leaks(&mut owner).await.iter().any(|leak| leak.contains("planted")), "all plants are pulled up");
}

#[tokio::test]
async fn without_an_organisation_there_are_no_rows() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    add(&kernel, org, Lane::Report, json!({})).await;
    let mut owner = db.owner().await;
    sqlx::raw_sql("set role recoup_app").execute(&mut owner).await.unwrap();
    for table in ["organisations", "jobs", "org_keys"] {
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    let insert =
        sqlx::query("insert into counters (name) select 'x' where exists (select from jobs)").execute(&mut owner).await;
    assert_eq!(insert.unwrap().rows_affected(), 0);
}

#[tokio::test]
async fn one_organisation_neither_reads_nor_writes_anothers_rows() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (org, other) = (db.org(&kernel, "One").await, db.org(&kernel, "Two").await);
    let job = add(&kernel, org, Lane::Report, json!({})).await;
    let mut tx = kernel.db.begin(other).await.unwrap();
    let rows: i64 = sqlx::query_scalar("select count(*) from jobs").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(rows, 0);
    for sql in ["delete from jobs where id = $1", "update jobs set kind = 'mine' where id = $1"] {
        assert_eq!(sqlx::query(sql).bind(job).execute(tx.conn()).await.unwrap().rows_affected(), 0, "{sql}");
    }
    let moved = sqlx::query(
        "insert into jobs (org_id, id, lane, kind, payload) values ($1, gen_random_uuid(), 'report', 'x', '{}')",
    )
    .bind(org)
    .execute(tx.conn())
    .await;
    assert!(moved.is_err(), "a row cannot be written into another organisation");
    drop(tx);
    // The setting ends with its transaction: the next user of the connection starts with none.
    for _ in 0..20 {
        let mut tx = kernel.db.begin(OrgId::from_uuid(uuid::Uuid::nil())).await.unwrap();
        let rows: i64 = sqlx::query_scalar("select count(*) from jobs").fetch_one(tx.conn()).await.unwrap();
        assert_eq!(rows, 0);
    }
}

#[tokio::test]
async fn what_changes_a_person_leaves_the_transaction_in_the_tenants_role() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let somebody = UserId::new(&kernel.clock);
    system::drop_stray_recovery_codes(&mut tx, somebody).await.expect("done");
    let role: String = sqlx::query_scalar("select current_user::text").fetch_one(tx.conn()).await.expect("a role");
    assert_eq!(role, "recoup_app");
    let codes = sqlx::query("select 1 from recovery_codes").fetch_all(tx.conn()).await;
    assert!(codes.is_err(), "the tenant's role does not see what belongs to people");
}
