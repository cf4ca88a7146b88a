//! What a provider wants a user to be, taken apart: pure, decided before anything is written.

use serde_json::{Map, Value};
use shell::Role;

use crate::input::Email;
use crate::scim::ScimError;

/// The most bytes that are kept about one user.
const LARGEST: usize = 64 << 10;
/// The most characters of a `userName` or an `externalId`.
const LONGEST: usize = 256;
/// The most characters of a name in Recoup.
const LONGEST_NAME: usize = 100;

/// A user as a provider wants them.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) user_name: String,
    pub(super) external_id: Option<String>,
    /// Whether they may sign in, where the provider said so.
    pub(super) active: Option<bool>,
    /// Everything else, as it is kept.
    pub(super) attributes: Map<String, Value>,
}

/// A role as `roles` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No role of ours is named: it stays as it is.
    Same,
    /// This one.
    Role(Role),
}

impl Draft {
    /// Takes the attributes of a resource apart.
    pub(super) fn of(mut attributes: Map<String, Value>) -> Result<Self, ScimError> {
        let user_name = text(&mut attributes, "userName")?
            .ok_or_else(|| ScimError::bad("invalidValue", "userName is required and not empty"))?;
        let external_id = text(&mut attributes, "externalId")?;
        let active = attributes.remove("active").and_then(|value| value.as_bool());
        let size = serde_json::to_string(&attributes).map_or(usize::MAX, |text| text.len());
        if size > LARGEST {
            return Err(ScimError::bad("invalidValue", "the attributes of one user have at most 64 KiB"));
        }
        Ok(Self { user_name, external_id, active, attributes })
    }

    /// The email of the account: the primary one, else that for work, else the first; else the `userName` when it is one.
    /// None when nothing reads as an email.
    pub(super) fn email(&self) -> Option<Email> {
        let emails = self.emails();
        let of = |wanted: &dyn Fn(&Value) -> bool| {
            emails.iter().find(|email| wanted(email)).and_then(|email| email["value"].as_str()).map(Email::parse)
        };
        let work = |email: &Value| email["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
        let chosen = of(&|email| email["primary"] == true).or_else(|| of(&work)).or_else(|| of(&|_| true));
        chosen.and_then(Result::ok).or_else(|| Email::parse(&self.user_name).ok())
    }

    fn emails(&self) -> &[Value] {
        self.attributes.get("emails").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Every email in lower case, to search by.
    pub(super) fn emails_lower(&self) -> Vec<String> {
        self.emails().iter().filter_map(|email| email["value"].as_str()).map(str::to_lowercase).collect()
    }

    /// The name that Recoup shows: `displayName`, else the formatted name, else its parts.
    pub(super) fn name(&self) -> Option<String> {
        let name = &self.attributes.get("name").cloned().unwrap_or_default();
        let part = |field: &str| name[field].as_str().unwrap_or_default().trim().to_owned();
        let parts = format!("{} {}", part("givenName"), part("familyName"));
        let display = self.attributes.get("displayName").and_then(Value::as_str).unwrap_or_default();
        let candidates = [display.to_owned(), part("formatted"), parts];
        let plain = |text: &String| -> String { text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect() };
        candidates.iter().map(plain).map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
    }

    /// The role that `roles` names. `owner` is not given from outside.
    pub(super) fn role(&self, today: Option<Role>) -> Result<Wanted, ScimError> {
        let roles = self.attributes.get("roles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let primary_first = roles.iter().filter(|role| role["primary"] == true).chain(roles);
        for role in primary_first.filter_map(|role| role["value"].as_str()) {
            match role.trim().to_lowercase().parse::<Role>() {
                Ok(Role::Owner) if today == Some(Role::Owner) => return Ok(Wanted::Same),
                Ok(Role::Owner) => {
                    return Err(ScimError::bad(
                        "invalidValue",
                        "nobody is made an owner by SCIM; an owner can do that",
                    ));
                }
                Ok(role) => return Ok(Wanted::Role(role)),
                Err(_) => {}
            }
        }
        Ok(Wanted::Same)
    }
}

fn text(attributes: &mut Map<String, Value>, name: &str) -> Result<Option<String>, ScimError> {
    match attributes.remove(name) {
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST => {
            Err(ScimError::bad("invalidValue", format!("{name} has at most 256 characters")))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(fields: &Value) -> Draft {
        Draft::of(fields.as_object().expect("an object").clone()).unwrap_or_else(|error| panic!("{fields}: {error:?}"))
    }

    #[test]
    fn the_email_is_the_primary_one_then_that_for_work_then_any_then_the_user_name() {
        let email = |fields: Value| draft(&fields).email().map(|email| email.to_string());
        let (a, b) = (json!({ "value": "A@x.example" }), json!({ "value": "b@x.example", "type": "Work" }));
        let c = json!({ "value": "c@x.example", "primary": true });
        assert_eq!(email(json!({ "userName": "u", "emails": [a, b, c] })).as_deref(), Some("c@x.example"));
        assert_eq!(email(json!({ "userName": "u", "emails": [a, b] })).as_deref(), Some("b@x.example"));
        assert_eq!(email(json!({ "userName": "u", "emails": [a] })).as_deref(), Some("a@x.example"));
        assert_eq!(email(json!({ "userName": "U@x.example" })).as_deref(), Some("u@x.example"));
        assert_eq!(email(json!({ "userName": "u", "emails": [{ "value": "nonsense" }] })), None);
    }

    #[test]
    fn the_name_is_the_best_that_was_said() {
        let name = |fields: Value| draft(&fields).name().unwrap_or_default();
        let whole = json!({ "givenName": "Ada", "familyName": "Lovelace" });
        assert_eq!(name(json!({ "userName": "u", "displayName": " Ada\nL ", "name": whole })), "AdaL");
        assert_eq!(
            name(json!({ "userName": "u", "name": { "formatted": "Lady Ada", "givenName": "Ada" } })),
            "Lady Ada"
        );
        assert_eq!(name(json!({ "userName": "u", "name": whole })), "Ada Lovelace");
        assert_eq!(name(json!({ "userName": "u", "name": { "familyName": "L" } })), "L");
        assert_eq!(name(json!({ "userName": "u" })), "");
        assert_eq!(name(json!({ "userName": "u", "displayName": "é".repeat(300) })).chars().count(), 100);
    }

    #[test]
    fn roles_other_than_owner_are_taken_and_foreign_words_ignored() {
        let role = |roles: Value, today| draft(&json!({ "userName": "u", "roles": roles })).role(today);
        assert_eq!(role(json!([{ "value": "Admin" }]), None).ok(), Some(Wanted::Role(Role::Admin)));
        let two = json!([{ "value": "agent" }, { "value": "viewer", "primary": true }]);
        assert_eq!(role(two, None).ok(), Some(Wanted::Role(Role::Viewer)));
        assert_eq!(role(json!([{ "value": "Chief" }, {}]), None).ok(), Some(Wanted::Same));
        assert_eq!(role(json!([{ "value": "owner" }]), Some(Role::Owner)).ok(), Some(Wanted::Same));
        assert!(role(json!([{ "value": "OWNER" }]), Some(Role::Admin)).is_err());
        assert!(role(json!([{ "value": "owner" }]), None).is_err());
    }

    #[test]
    fn what_cannot_be_a_user_is_refused() {
        for fields in [
            json!({}),
            json!({ "userName": " " }),
            json!({ "userName": "x".repeat(257) }),
            json!({ "userName": "u", "title": "x".repeat(70_000) }),
        ] {
            assert!(Draft::of(fields.as_object().expect("an object").clone()).is_err());
        }
    }
}
