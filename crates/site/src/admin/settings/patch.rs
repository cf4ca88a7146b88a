//! What a program changes of the settings: a form that was filled with what stands now, and with what is to be another.

use std::collections::BTreeMap;

use kernel::ids::ImageId;
use serde::Deserialize;
use shell::{AppError, Detail, Patch};
use utoipa::ToSchema;

use super::form::Typed;
use crate::sites::Site;

/// A change of the settings; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteSettingsPatch)]
pub(super) struct SettingsPatch {
    #[schema(example = "Northwind Recovery")]
    name: Option<String>,
    tagline: Option<String>,
    /// Empty: the installation's own address.
    domain: Option<String>,
    published: Option<bool>,
    /// Parts that are turned on or off; others stay.
    #[schema(value_type = Object, example = json!({"blog": true}))]
    #[serde(default)]
    flags: BTreeMap<String, bool>,
    /// The business or person who answers for the site.
    legal_name: Option<String>,
    postal_address: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    #[schema(example = "USD")]
    currency: Option<String>,
    #[schema(example = "Europe/London")]
    time_zone: Option<String>,
    /// Members who are told of inquiries by letter.
    notify: Option<Vec<String>>,
    /// Whether letters need a confirmed address.
    double_opt_in: Option<bool>,
    /// Days that inquiries are kept, 30 to 3650.
    kept_days: Option<u16>,
    #[serde(default)]
    look: LookPatch,
    #[serde(default)]
    hours: HoursPatch,
}

/// A change of its colours and its mark.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteLookPatch)]
struct LookPatch {
    /// Of its colour, 0 to 359.
    #[schema(example = 207)]
    hue: Option<u16>,
    /// How colourful it is, 0 to 0.2.
    #[schema(example = 0.085)]
    chroma: Option<f64>,
    /// A picture of the site; null for the name alone.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    logo: Patch<ImageId>,
}

/// A change of when consultations can be booked.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteHoursPatch)]
struct HoursPatch {
    /// 1 is Monday.
    #[schema(example = json!([1, 2, 3, 4, 5]))]
    days: Option<Vec<u16>>,
    #[schema(example = "09:00")]
    from: Option<String>,
    #[schema(example = "17:00")]
    to: Option<String>,
    /// Of one consultation, a multiple of 15.
    minutes: Option<u16>,
    /// Free minutes after it, a multiple of 15.
    buffer: Option<u16>,
    /// From now to the first that can be booked.
    notice_hours: Option<u16>,
    /// Days ahead that can be booked.
    horizon_days: Option<u16>,
}

impl SettingsPatch {
    /// The settings with the change, as the form would send them.
    pub(super) fn over(self, before: &Site) -> Result<Typed, AppError> {
        let mut typed = Typed::of(before);
        put([
            (&mut typed.name, self.name),
            (&mut typed.tagline, self.tagline),
            (&mut typed.domain, self.domain),
            (&mut typed.legal_name, self.legal_name),
            (&mut typed.address, self.postal_address),
            (&mut typed.email, self.email),
            (&mut typed.phone, self.phone),
            (&mut typed.currency, self.currency),
            (&mut typed.time_zone, self.time_zone),
            (&mut typed.kept_days, self.kept_days.map(written)),
        ]);
        typed.published = self.published.unwrap_or(typed.published);
        typed.double_opt_in = self.double_opt_in.unwrap_or(typed.double_opt_in);
        typed.notify = self.notify.unwrap_or(typed.notify);
        self.look.put(&mut typed);
        self.hours.put(&mut typed)?;
        turn(self.flags, &mut typed)?;
        Ok(typed)
    }
}

impl LookPatch {
    fn put(self, typed: &mut Typed) {
        let Self { hue, chroma, logo } = self;
        let logo = match logo {
            Patch::Absent => None,
            Patch::Null => Some(String::new()),
            Patch::Value(id) => Some(id.to_string()),
        };
        let chroma = chroma.map(|chroma| chroma.to_string());
        put([(&mut typed.hue, hue.map(written)), (&mut typed.chroma, chroma), (&mut typed.logo, logo)]);
    }
}

impl HoursPatch {
    fn put(self, typed: &mut Typed) -> Result<(), AppError> {
        let Self { days, from, to, minutes, buffer, notice_hours, horizon_days } = self;
        if let Some(days) = days {
            if days.iter().any(|day| !(1..=7).contains(day)) {
                return Err(AppError::field("days", "are numbers from 1, which is Monday, to 7"));
            }
            typed.days = days.into_iter().map(written).collect();
        }
        put([
            (&mut typed.from, from),
            (&mut typed.to, to),
            (&mut typed.minutes, minutes.map(written)),
            (&mut typed.buffer, buffer.map(written)),
            (&mut typed.notice_hours, notice_hours.map(written)),
            (&mut typed.horizon_days, horizon_days.map(written)),
        ]);
        Ok(())
    }
}

fn written(number: u16) -> String {
    number.to_string()
}

/// Takes over what was given.
fn put<const N: usize>(texts: [(&mut String, Option<String>); N]) {
    for (text, given) in texts {
        if let Some(given) = given {
            *text = given;
        }
    }
}

/// Turns parts of the site on and off.
fn turn(flags: BTreeMap<String, bool>, typed: &mut Typed) -> Result<(), AppError> {
    for (name, on) in flags {
        let flag = match name.as_str() {
            "audit" => &mut typed.audit,
            "calculator" => &mut typed.calculator,
            "assistant" => &mut typed.assistant,
            "booking" => &mut typed.booking,
            "blog" => &mut typed.blog,
            "letters" => &mut typed.letters,
            "analytics" => &mut typed.analytics,
            _ => return Err(AppError::field("flags", "has a name that is no part of a site")),
        };
        *flag = on;
    }
    Ok(())
}

/// Complaints by the names that fields have here.
pub(super) fn named(error: AppError) -> AppError {
    if error.details().is_empty() {
        return error;
    }
    let name = |field: &str| match field {
        "hue" | "chroma" | "logo" => format!("look.{field}"),
        "days" | "from" | "to" | "minutes" | "buffer" => format!("hours.{field}"),
        "notice_hours" => "hours.noticeHours".to_owned(),
        "horizon_days" => "hours.horizonDays".to_owned(),
        "legal_name" => "legalName".to_owned(),
        "address" => "postalAddress".to_owned(),
        "time_zone" => "timeZone".to_owned(),
        "kept_days" => "keptDays".to_owned(),
        other => other.to_owned(),
    };
    AppError::fields(error.details().iter().map(|one| Detail::new(name(&one.field), one.reason.clone())).collect())
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrgId;
    use serde_json::{Value, json};

    use super::*;
    use crate::sites::{Flags, Look, Settings};

    fn over(patch: Value) -> Result<Site, AppError> {
        let before = Site {
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            name: "Northwind".to_owned(),
            tagline: "What you lose, found".to_owned(),
            domain: None,
            published: true,
            version: 1,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        };
        let patch: SettingsPatch = serde_json::from_value(patch).expect("a patch");
        let typed = patch.over(&before).map_err(named)?;
        typed.read(&before, &|_| false).map_err(named)
    }

    #[test]
    fn what_is_absent_stays_and_nothing_else() {
        let after = over(json!({
            "keptDays": 90, "look": { "hue": 29 }, "hours": { "days": [6, 2], "to": "12:30" }, "flags": { "blog": false }
        }))
        .expect("it fits");
        assert_eq!((after.name.as_str(), after.settings.kept_days, after.look.hue), ("Northwind", 90, 29));
        assert!((after.look.chroma - Look::default().chroma).abs() < 1e-12);
        assert_eq!((after.settings.hours.days, after.settings.hours.to_minute), (vec![2, 6], 12 * 60 + 30));
        assert_eq!((after.settings.hours.from_minute, after.flags.blog, after.flags.audit), (9 * 60, false, true));
    }

    #[test]
    fn complaints_name_fields_as_they_were_sent() {
        for (patch, field) in [
            (json!({ "look": { "hue": 400 } }), "look.hue"),
            (json!({ "hours": { "days": [0] } }), "hours.days"),
            (json!({ "hours": { "noticeHours": 900 } }), "hours.noticeHours"),
            (json!({ "keptDays": 1 }), "keptDays"),
            (json!({ "timeZone": "Nowhere" }), "timeZone"),
            (json!({ "postalAddress": "x".repeat(700) }), "postalAddress"),
            (json!({ "notify": ["nobody"] }), "notify"),
            (json!({ "flags": { "shop": true } }), "flags"),
        ] {
            assert_eq!(over(patch).expect_err("refused").details()[0].field, field);
        }
    }
}
