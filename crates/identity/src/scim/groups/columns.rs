//! Which of a group's attributes the database can decide about.

use kernel::ids::{MemberId, TeamId};

use crate::scim::filter::{Filter, Literal, Op, Path};
use crate::scim::schema::GROUP;
use crate::scim::sql::{self, Bind, Candidates, Cond, Test};

/// The condition of one test of one attribute.
pub(super) fn atom(path: &Path, test: Test<'_>) -> Option<Candidates> {
    if path.schema.as_deref().is_some_and(|schema| !schema.eq_ignore_ascii_case(GROUP)) {
        return Some(Candidates::exactly(Cond::Never));
    }
    let sub = path.sub.as_deref().map(str::to_ascii_lowercase);
    match (path.name.to_ascii_lowercase().as_str(), sub.as_deref(), path.filter.as_deref()) {
        ("displayname", None, None) => sql::text("t.name", Some("t.name_key"), test),
        ("externalid", None, None) => sql::text("t.external_id", None, test),
        ("id", None, None) => id(test),
        ("members", None | Some("value"), None) => match test {
            Test::Is(Op::Eq, Literal::Text(text)) => Some(has(text)),
            _ => None,
        },
        // `members[value eq "…"]`
        ("members", None, Some(Filter::Compare(inner, Op::Eq, Literal::Text(text))))
            if matches!(test, Test::Present) && inner.name.eq_ignore_ascii_case("value") =>
        {
            Some(has(text))
        }
        _ => None,
    }
}

fn has(member: &str) -> Candidates {
    let within =
        "exists (select 1 from team_members x where x.org_id = t.org_id and x.team_id = t.id and x.member_id = ";
    Candidates::exactly(
        member.parse::<MemberId>().map_or(Cond::Never, |id| Cond::Value(within.into(), Bind::Id(id.uuid()), ")")),
    )
}

fn id(test: Test<'_>) -> Option<Candidates> {
    match test {
        Test::Present => Some(Candidates::exactly(Cond::Always)),
        Test::Is(Op::Eq, Literal::Text(text)) => Some(Candidates::exactly(
            text.parse::<TeamId>().map_or(Cond::Never, |id| Cond::Value("t.id = ".into(), Bind::Id(id.uuid()), "")),
        )),
        Test::Is(..) => None,
    }
}
