//! Which of a user's attributes the database can decide about.

use kernel::ids::MemberId;

use crate::scim::filter::{Literal, Op, Path, as_flag};
use crate::scim::schema::{ENTERPRISE, USER};
use crate::scim::sql::{self, Bind, Candidates, Cond, Test};

/// The name a provider gave, else that of a member whom nobody provisioned.
const DISPLAY: &str = "case when m.scim is null then u.name else m.scim->>'displayName' end";
const DISPLAY_KEY: &str = "lower(case when m.scim is null then u.name else m.scim->>'displayName' end)";

/// The condition of one test of one attribute.
pub(super) fn atom(path: &Path, test: Test<'_>) -> Option<Candidates> {
    match path.schema.as_deref() {
        None => {}
        Some(schema) if schema.eq_ignore_ascii_case(USER) => {}
        Some(schema) if schema.eq_ignore_ascii_case(ENTERPRISE) => return None,
        // Nobody has an attribute of a schema that is not known here.
        Some(_) => return Some(Candidates::exactly(Cond::Never)),
    }
    match (path.name.to_ascii_lowercase().as_str(), path.sub.as_deref(), path.filter.is_some()) {
        ("username", None, false) => sql::text("m.user_name", Some("m.user_key"), test),
        ("externalid", None, false) => sql::text("m.external_id", None, test),
        ("displayname", None, false) => sql::text(DISPLAY, Some(DISPLAY_KEY), test),
        ("id", None, false) => id(test),
        ("active", None, false) => active(test),
        ("emails", sub, chosen) if sub.is_none_or(|sub| sub.eq_ignore_ascii_case("value")) => email(test, chosen),
        _ => None,
    }
}

fn id(test: Test<'_>) -> Option<Candidates> {
    match test {
        Test::Present => Some(Candidates::exactly(Cond::Always)),
        Test::Is(Op::Eq, Literal::Text(text)) => Some(Candidates::exactly(
            text.parse::<MemberId>().map_or(Cond::Never, |id| Cond::Value("m.id = ".into(), Bind::Id(id.uuid()), "")),
        )),
        Test::Is(..) => None,
    }
}

fn active(test: Test<'_>) -> Option<Candidates> {
    let shown = Cond::Plain("not coalesce(jsonb_exists(m.scim, 'active'), false)");
    match test {
        Test::Present => Some(Candidates::exactly(shown)),
        Test::Is(Op::Eq, literal) => {
            let state = match as_flag(literal) {
                Some(true) => Cond::Plain("m.suspended_at is null"),
                Some(false) => Cond::Plain("m.suspended_at is not null"),
                None => Cond::Never,
            };
            Some(Candidates::exactly(Cond::And(Box::new(state), Box::new(shown))))
        }
        Test::Is(..) => None,
    }
}

/// Emails are found by their lower case; of which kind they are is decided in memory.
fn email(test: Test<'_>, chosen: bool) -> Option<Candidates> {
    let Test::Is(Op::Eq, Literal::Text(text)) = test else { return None };
    if text.contains('\0') {
        return Some(Candidates::exactly(Cond::Never));
    }
    let wanted = text.to_lowercase();
    let said = Cond::Value("m.emails @> array[".into(), Bind::Text(wanted.clone()), "]::text[]");
    let known = Cond::Value("m.scim is null and u.email = ".into(), Bind::Text(wanted), "");
    let cond = Cond::Or(Box::new(said), Box::new(known));
    Some(if chosen { Candidates::among(cond) } else { Candidates::exactly(cond) })
}
