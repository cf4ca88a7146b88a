//! `GET /scim/v2/Groups` and `POST /scim/v2/Groups/.search`.

use axum::extract::State;
use kernel::db::OrgTx;
use kernel::ids::TeamId;
use serde_json::Value;
use shell::Allowed;
use shell::auth::permission::Scim;

use super::columns;
use super::resource::render;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::filter::{self, Filter};
use crate::scim::query::Query;
use crate::scim::schema::GROUPS;
use crate::scim::sql::{self, Candidates, Cond};
use crate::scim::{Base, ScimError};
use crate::store::teams::{self, Named, Team};

/// More groups than this are not looked through in memory.
const MOST: i64 = 5_000;
/// A page ends early when its groups have more members than this together; the next one goes on.
const MEMBERS: i64 = 50_000;

pub(crate) async fn get(State(base): State<Base>, by: Allowed<Scim>, query: Query) -> Answer {
    answered(&base, &by, &query).await
}

pub(crate) async fn search(State(base): State<Base>, by: Allowed<Scim>, Object(body): Object) -> Answer {
    answered(&base, &by, &Query::of_body(&body)?).await
}

async fn answered(base: &Base, by: &Allowed<Scim>, query: &Query) -> Answer {
    if let Some(filter) = &query.filter {
        filter::check(filter, &GROUPS)?;
    }
    let mut tx = by.tx().await?;
    let (total, groups) = page(&mut tx, query, query.skip, query.count, base).await?;
    Ok(answer::list(total, query.skip, &groups))
}

/// How many groups fit, and those of them in a window, cut to what was asked for.
pub(crate) async fn page(
    tx: &mut OrgTx,
    query: &Query,
    skip: usize,
    count: usize,
    base: &Base,
) -> Result<(i64, Vec<Value>), ScimError> {
    let candidates = match &query.filter {
        Some(filter) => sql::candidates(filter, &columns::atom),
        None => Candidates::exactly(Cond::Always),
    };
    let total = teams::count(tx, &candidates.cond).await?;
    let (total, mut rows) = match &query.filter {
        Some(filter) if !candidates.exact => {
            if total > MOST {
                return Err(ScimError::bad(
                    "tooMany",
                    "this filter would look through more than 5,000 groups; narrow it",
                ));
            }
            let fitting = chosen(tx, &candidates.cond, filter, base).await?;
            (fitting.len() as i64, fitting.into_iter().skip(skip).take(count).collect())
        }
        _ => (total, teams::window(tx, &candidates.cond, skip, count).await?),
    };
    let with_members = query.projection.gives("members");
    if with_members {
        shorten(&mut rows);
    }
    let mut groups = Vec::with_capacity(rows.len());
    for (team, members) in with_their_members(tx, rows, with_members).await? {
        groups.push(query.projection.cut(render(&team, members.as_deref(), base.as_str()), &GROUPS));
    }
    Ok((total, groups))
}

/// Cuts a page before its members are too many; the first group stays, however large.
fn shorten(rows: &mut Vec<Team>) {
    let mut sum = 0;
    let fitting = rows.iter().take_while(|team| {
        sum += team.size;
        sum <= MEMBERS
    });
    let fitting = fitting.count().max(1);
    rows.truncate(fitting);
}

/// Decides in memory about the candidates of the database.
async fn chosen(tx: &mut OrgTx, cond: &Cond, filter: &Filter, base: &Base) -> Result<Vec<Team>, ScimError> {
    let rows = teams::window(tx, cond, 0, MOST as usize).await?;
    let asks_members = filter.to_string().to_ascii_lowercase().contains("members");
    if asks_members && rows.iter().map(|team| team.size).sum::<i64>() > 4 * MEMBERS {
        return Err(ScimError::bad("tooMany", "this filter would look through more than 200,000 members; narrow it"));
    }
    let all = with_their_members(tx, rows, asks_members).await?;
    let fits = |team: &Team, members: Option<&[Named]>| {
        filter::matches(filter, &render(team, members, base.as_str()), &GROUPS)
    };
    Ok(all.into_iter().filter(|(team, members)| fits(team, members.as_deref())).map(|(team, _)| team).collect())
}

type WithMembers = Vec<(Team, Option<Vec<Named>>)>;

async fn with_their_members(tx: &mut OrgTx, rows: Vec<Team>, wanted: bool) -> Result<WithMembers, ScimError> {
    if !wanted {
        return Ok(rows.into_iter().map(|team| (team, None)).collect());
    }
    let ids: Vec<TeamId> = rows.iter().map(|team| team.id).collect();
    let mut pairs = teams::members_of(tx, &ids).await?.into_iter().peekable();
    let mut all = Vec::with_capacity(rows.len());
    // Both come in the order of the teams.
    for team in rows {
        let mut members = Vec::new();
        while let Some((_, member, display)) = pairs.next_if(|(id, ..)| *id == team.id) {
            members.push(Named { member, display });
        }
        all.push((team, Some(members)));
    }
    Ok(all)
}
