//! Teams and who is in them.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, TeamId};
use sqlx::FromRow;

use crate::scim::sql::{Cond, query};

/// A team.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Team {
    pub(crate) id: TeamId,
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
    /// How many members are in it.
    pub(crate) size: i64,
}

/// A member of a team, as lists show it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Fellow {
    pub(crate) id: MemberId,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// A member of a team as an identity provider names them.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Named {
    pub(crate) member: MemberId,
    pub(crate) display: Option<String>,
}

/// Teams of `t`; conditions follow `where t.org_id = $1`.
pub(crate) const SELECT: &str = "select t.id, t.name, t.external_id, t.version, t.created_at, t.changed_at, \
     (select count(*) from team_members x where x.org_id = t.org_id and x.team_id = t.id) as size \
     from teams t where t.org_id = $1";

/// A page of the teams, oldest first.
pub(crate) async fn list(tx: &mut OrgTx, after: Option<TeamId>, limit: i64) -> Result<Vec<Team>, sqlx::Error> {
    let query = format!("{SELECT} and ($2::uuid is null or t.id > $2) order by t.id limit $3");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(after).bind(limit).fetch_all(tx.conn()).await
}

/// One team.
pub(crate) async fn find(tx: &mut OrgTx, id: TeamId) -> Result<Option<Team>, sqlx::Error> {
    let query = format!("{SELECT} and t.id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// One team, locked against other changes until the end of the transaction.
pub(crate) async fn lock(tx: &mut OrgTx, id: TeamId) -> Result<Option<Team>, sqlx::Error> {
    let query = format!("{SELECT} and t.id = $2 for update of t");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// Makes a team. The unique index `teams_name` refuses a name that another team has.
pub(crate) async fn add(tx: &mut OrgTx, name: &str, external_id: Option<&str>) -> Result<TeamId, sqlx::Error> {
    let (id, now) = (TeamId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "insert into teams (org_id, id, name, external_id, created_at, changed_at) values ($1, $2, $3, $4, $5, $5)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(name)
    .bind(external_id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Writes what the team is called, and that it changed. The unique index `teams_name` refuses a name that another team has.
pub(crate) async fn write(
    tx: &mut OrgTx,
    id: TeamId,
    name: &str,
    external_id: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "update teams set name = $3, external_id = $4, version = version + 1, changed_at = $5 where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(name)
    .bind(external_id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut OrgTx, id: TeamId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from teams where org_id = $1 and id = $2").bind(tx.org()).bind(id).execute(tx.conn()).await?;
    Ok(())
}

/// The team of a name, whatever its case, locked against other changes until the end of the transaction.
pub(crate) async fn lock_named(tx: &mut OrgTx, name: &str) -> Result<Option<Team>, sqlx::Error> {
    let query = format!("{SELECT} and lower(t.name) = lower($2) for update of t");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(name).fetch_optional(tx.conn()).await
}

/// Those of the ids that are no members of the organisation.
pub(crate) async fn strangers(tx: &mut OrgTx, members: &[MemberId]) -> Result<Vec<MemberId>, sqlx::Error> {
    sqlx::query_scalar(
        "select w.id from unnest($2::uuid[]) as w(id) \
         where not exists (select 1 from members m where m.org_id = $1 and m.id = w.id) limit 10",
    )
    .bind(tx.org())
    .bind(members)
    .fetch_all(tx.conn())
    .await
}

/// Puts members into a team and counts those who were not in it; the foreign key refuses strangers.
pub(crate) async fn put(tx: &mut OrgTx, team: TeamId, members: &[MemberId]) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "insert into team_members (org_id, team_id, member_id, added_at) \
         select $1, $2, w.id, $4 from unnest($3::uuid[]) as w(id) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(team)
    .bind(members)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Puts members into a team under the names a provider gives them, and counts those whom that changed. `exactly`: a member
/// without a name loses the one they had.
pub(crate) async fn put_named(
    tx: &mut OrgTx,
    team: TeamId,
    members: &[Named],
    exactly: bool,
) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let ids: Vec<MemberId> = members.iter().map(|named| named.member).collect();
    let names: Vec<Option<&str>> = members.iter().map(|named| named.display.as_deref()).collect();
    let done = sqlx::query(
        "insert into team_members as x (org_id, team_id, member_id, display, added_at) \
         select $1, $2, w.id, w.display, $5 from unnest($3::uuid[], $4::text[]) as w(id, display) \
         on conflict (org_id, team_id, member_id) do update set display = excluded.display \
         where x.display is distinct from excluded.display and ($6 or excluded.display is not null)",
    )
    .bind(tx.org())
    .bind(team)
    .bind(ids)
    .bind(names)
    .bind(now)
    .bind(exactly)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Takes members out of a team and counts those who were in it.
pub(crate) async fn take(tx: &mut OrgTx, team: TeamId, members: &[MemberId]) -> Result<u64, sqlx::Error> {
    let done =
        sqlx::query("delete from team_members where org_id = $1 and team_id = $2 and member_id = any($3::uuid[])")
            .bind(tx.org())
            .bind(team)
            .bind(members)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected())
}

/// A page of the people in a team.
pub(crate) async fn fellows(
    tx: &mut OrgTx,
    team: TeamId,
    after: Option<MemberId>,
    limit: i64,
) -> Result<Vec<Fellow>, sqlx::Error> {
    sqlx::query_as(
        "select m.id, u.name, u.email from team_members x \
         join members m on m.org_id = x.org_id and m.id = x.member_id join users u on u.id = m.user_id \
         where x.org_id = $1 and x.team_id = $2 and ($3::uuid is null or x.member_id > $3) order by x.member_id limit $4",
    )
    .bind(tx.org())
    .bind(team)
    .bind(after)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
/// Takes everybody out of a team but these, and counts them.
pub(crate) async fn keep_only(tx: &mut OrgTx, team: TeamId, members: &[MemberId]) -> Result<u64, sqlx::Error> {
    let done =
        sqlx::query("delete from team_members where org_id = $1 and team_id = $2 and member_id <> all($3::uuid[])")
            .bind(tx.org())
            .bind(team)
            .bind(members)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected())
}

/// Everybody in a team, as a provider names them.
pub(crate) async fn named(tx: &mut OrgTx, team: TeamId) -> Result<Vec<Named>, sqlx::Error> {
    sqlx::query_as(
        "select member_id as member, display from team_members where org_id = $1 and team_id = $2 order by member_id",
    )
    .bind(tx.org())
    .bind(team)
    .fetch_all(tx.conn())
    .await
}

/// The teams of several members, each as (member, team, name).
pub(crate) async fn of_members(
    tx: &mut OrgTx,
    members: &[MemberId],
) -> Result<Vec<(MemberId, TeamId, String)>, sqlx::Error> {
    sqlx::query_as(
        "select x.member_id, t.id, t.name from team_members x join teams t on t.org_id = x.org_id and t.id = x.team_id \
         where x.org_id = $1 and x.member_id = any($2::uuid[]) order by t.id",
    )
    .bind(tx.org())
    .bind(members)
    .fetch_all(tx.conn())
    .await
}

/// How many teams a condition lets through.
pub(crate) async fn count(tx: &mut OrgTx, cond: &Cond) -> Result<i64, sqlx::Error> {
    let mut count = query(tx, "select count(*) from teams t where t.org_id = ", cond);
    count.build_query_scalar().fetch_one(tx.conn()).await
}

/// Teams that a condition lets through, oldest first.
pub(crate) async fn window(tx: &mut OrgTx, cond: &Cond, skip: usize, count: usize) -> Result<Vec<Team>, sqlx::Error> {
    let (skip, count) = (i64::try_from(skip).unwrap_or(i64::MAX), i64::try_from(count).unwrap_or(i64::MAX));
    let mut page = query(tx, SELECT.trim_end_matches("$1"), cond);
    page.push(" order by t.id offset ").push_bind(skip).push(" limit ").push_bind(count);
    page.build_query_as().fetch_all(tx.conn()).await
}

/// Who is in several teams, as (team, member, display), in the order of the teams.
pub(crate) async fn members_of(
    tx: &mut OrgTx,
    teams: &[TeamId],
) -> Result<Vec<(TeamId, MemberId, Option<String>)>, sqlx::Error> {
    sqlx::query_as(
        "select team_id, member_id, display from team_members where org_id = $1 and team_id = any($2::uuid[]) \
         order by team_id, member_id",
    )
    .bind(tx.org())
    .bind(teams)
    .fetch_all(tx.conn())
    .await
}
