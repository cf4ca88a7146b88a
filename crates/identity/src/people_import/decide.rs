//! What becomes of each row: pure, so that trying and doing agree.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use shell::Role;

use super::{Outcome, Row, RowOut};
use crate::input::{Check, Email};

/// What is known about the emails of a file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The members' roles.
    pub(super) members: HashMap<String, Role>,
    /// The open invitations: role and end.
    pub(super) invites: HashMap<String, (Role, DateTime<Utc>)>,
    /// The teams, in lower case, as they are called; none when nobody may be put into one.
    pub(super) teams: HashMap<String, String>,
    /// Whether whoever imports may make an owner.
    pub(super) may_own: bool,
}

/// A row that becomes an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) email: Email,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) team: String,
}

/// The report, and the invitations to be made.
pub(super) fn decide(rows: &[Row], known: &Known, now: DateTime<Utc>) -> (Vec<RowOut>, Vec<Wanted>) {
    let mut seen = HashMap::new();
    let mut wanted = Vec::new();
    let report = rows.iter().map(|row| {
        let (outcome, reason) = match understood(row, known, &mut seen) {
            Err(reason) => (Outcome::Refused, reason),
            Ok(person) => {
                let decided = place(&person, known, now);
                if decided.0 == Outcome::Invited {
                    wanted.push(person);
                }
                decided
            }
        };
        let Row { line, email, name, role, team, broken: _ } = row.clone();
        RowOut { line, email, name, role, team, outcome, reason }
    });
    let report = report.collect();
    (report, wanted)
}

/// The row as it is meant, or what is wrong with it: all of it at once.
fn understood(row: &Row, known: &Known, seen: &mut HashMap<String, u64>) -> Result<Wanted, String> {
    let mut problems = Vec::new();
    if !row.broken.is_empty() {
        problems.push(row.broken.clone());
    }
    let email = Email::parse(&row.email).unwrap_or_else(|reason| {
        problems.push(format!("email {reason}"));
        Email::default()
    });
    if !row.name.is_empty() {
        let mut check = Check::default();
        check.name("name", &row.name);
        if let Err(error) = check.done() {
            problems.extend(error.details().iter().map(|detail| format!("name {}", detail.reason)));
        }
    }
    let role = role(&row.role, known).unwrap_or_else(|problem| {
        problems.push(problem);
        Role::Viewer
    });
    let team = team(&row.team, known).unwrap_or_else(|problem| {
        problems.push(problem);
        String::new()
    });
    // A row that is refused does not stand in the way of a later one that is right.
    if problems.is_empty()
        && let Some(line) = seen.insert(email.to_string(), row.line)
    {
        seen.insert(email.to_string(), line);
        problems.push(format!("email is in line {line} already"));
    }
    if problems.is_empty() {
        Ok(Wanted { email, name: row.name.clone(), role, team })
    } else {
        Err(problems.join("; "))
    }
}

fn role(written: &str, known: &Known) -> Result<Role, String> {
    let role = match written.to_lowercase().as_str() {
        // Nobody is given more than they were meant to have.
        "" => Role::Viewer,
        word => word.parse().map_err(|_| {
            let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
            format!("role is not one of {}", words.join(", "))
        })?,
    };
    if role == Role::Owner && !known.may_own {
        return Err("only an owner makes an owner".to_owned());
    }
    Ok(role)
}

fn team(written: &str, known: &Known) -> Result<String, String> {
    if written.is_empty() {
        return Ok(String::new());
    }
    known
        .teams
        .get(&written.to_lowercase())
        .cloned()
        .ok_or_else(|| "there is no team of this name; make it first".to_owned())
}

fn place(person: &Wanted, known: &Known, now: DateTime<Utc>) -> (Outcome, String) {
    let email = person.email.as_str();
    if let Some(role) = known.members.get(email) {
        let reason = if *role == person.role {
            String::new()
        } else {
            format!("their role stays {role}; change it among the people")
        };
        return (Outcome::Member, reason);
    }
    match known.invites.get(email) {
        Some((role, ends)) if *role == person.role && now < *ends => (Outcome::Waiting, String::new()),
        Some((Role::Owner, ends)) if !known.may_own && now < *ends => {
            (Outcome::Refused, "an owner invited them as owner; only an owner changes that".to_owned())
        }
        Some((role, ends)) if now < *ends => (Outcome::Invited, format!("instead of the invitation as {role}")),
        Some(_) => (Outcome::Invited, "their earlier invitation ended".to_owned()),
        None => (Outcome::Invited, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, email: &str, role: &str) -> Row {
        Row { line, email: email.into(), role: role.into(), ..Row::default() }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    fn told(rows: &[Row], known: &Known) -> Vec<(Outcome, String)> {
        decide(rows, known, at(100)).0.into_iter().map(|row| (row.outcome, row.reason)).collect()
    }

    #[test]
    fn each_row_has_one_outcome_and_every_complaint_is_told() {
        let known = Known {
            members: [("in@example.com".to_owned(), Role::Agent)].into(),
            invites: [
                ("open@example.com".to_owned(), (Role::Agent, at(200))),
                ("late@example.com".to_owned(), (Role::Agent, at(100))),
                ("boss@example.com".to_owned(), (Role::Owner, at(200))),
            ]
            .into(),
            teams: [("desk".to_owned(), "Desk".to_owned())].into(),
            may_own: false,
        };
        let long = Row { name: "x".repeat(101), team: "elsewhere".into(), ..row(9, "nobody", "root") };
        let rows = [
            row(2, "New@Example.com", ""),
            row(3, "new@example.com ", "agent"),
            row(4, "in@example.com", "agent"),
            row(5, "open@example.com", "AGENT"),
            row(6, "late@example.com", "agent"),
            row(7, "x@example.com", "owner"),
            row(8, "boss@example.com", "viewer"),
            long,
            Row { team: " DESK".trim().into(), ..row(10, "t@example.com", "admin") },
        ];
        let told = told(&rows, &known);
        let expected = [
            (Outcome::Invited, ""),
            (Outcome::Refused, "email is in line 2 already"),
            (Outcome::Member, ""),
            (Outcome::Waiting, ""),
            (Outcome::Invited, "their earlier invitation ended"),
            (Outcome::Refused, "only an owner makes an owner"),
            (Outcome::Refused, "an owner invited them as owner; only an owner changes that"),
            (
                Outcome::Refused,
                "email is not an email address; name must have at most 100 characters; \
                 role is not one of owner, admin, analyst, agent, viewer; there is no team of this name; make it first",
            ),
            (Outcome::Invited, ""),
        ];
        for ((outcome, reason), (wanted, words)) in told.iter().zip(expected) {
            assert_eq!((*outcome, reason.as_str()), (wanted, words));
        }
        let (_, wanted) = decide(&rows, &known, at(100));
        let made: Vec<_> = wanted.iter().map(|one| (one.email.as_str(), one.role, one.team.as_str())).collect();
        assert_eq!(
            made,
            [
                ("new@example.com", Role::Viewer, ""),
                ("late@example.com", Role::Agent, ""),
                ("t@example.com", Role::Admin, "Desk")
            ]
        );
    }

    #[test]
    fn a_refused_row_does_not_take_the_email_from_a_right_one() {
        let rows = [row(2, "a@example.com", "root"), row(3, "a@example.com", "agent")];
        let outcomes: Vec<_> = told(&rows, &Known::default()).into_iter().map(|row| row.0).collect();
        assert_eq!(outcomes, [Outcome::Refused, Outcome::Invited]);
    }
}
