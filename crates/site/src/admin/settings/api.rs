//! `/v2/site/settings`: for programs that name a site, publish it, or set up how it looks, who answers for it and when it is open.

use axum::extract::State;
use kernel::ids::ImageId;
use serde::Serialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::form::clock;
use super::patch::{SettingsPatch, named};
use super::write;
use crate::admin::content::{address, site};
use crate::core::Core;
use crate::sites::{Flags, Look, Opening, Settings, Site};

/// What a site is called, how it looks, which parts of it are on, and who answers for it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteSettings)]
pub(super) struct SettingsOut {
    name: String,
    tagline: String,
    /// Null: the installation's own address.
    domain: Option<String>,
    published: bool,
    /// Where visitors find it.
    address: String,
    /// `audit`, `calculator`, `assistant`, `booking`, `blog`, `letters` and `analytics`.
    #[schema(value_type = Object, example = json!({"audit": true, "blog": false}))]
    flags: Flags,
    /// The business or person who answers for the site.
    legal_name: String,
    postal_address: String,
    email: String,
    phone: String,
    currency: String,
    time_zone: String,
    /// Members who are told of inquiries by letter.
    notify: Vec<String>,
    /// Whether letters need a confirmed address.
    double_opt_in: bool,
    /// Days that inquiries are kept.
    kept_days: u16,
    look: LookOut,
    hours: HoursOut,
}

/// Its colours and its mark.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteLook)]
struct LookOut {
    /// Of its colour, 0 to 359.
    hue: u16,
    /// How colourful it is, 0 to 0.2.
    chroma: f64,
    /// A picture of the site; null for the name alone.
    logo: Option<ImageId>,
}

/// When consultations can be booked, in the site's time zone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteHours)]
struct HoursOut {
    /// 1 is Monday.
    days: Vec<u16>,
    #[schema(example = "09:00")]
    from: String,
    #[schema(example = "17:00")]
    to: String,
    /// Of one consultation.
    minutes: u16,
    /// Free minutes after it.
    buffer: u16,
    /// From now to the first that can be booked.
    notice_hours: u16,
    /// Days ahead that can be booked.
    horizon_days: u16,
}

impl From<Opening> for HoursOut {
    fn from(hours: Opening) -> Self {
        let Opening { days, from_minute, to_minute, minutes, buffer, notice_hours, horizon_days } = hours;
        let days = days.into_iter().map(u16::from).collect();
        Self { days, from: clock(from_minute), to: clock(to_minute), minutes, buffer, notice_hours, horizon_days }
    }
}

impl SettingsOut {
    fn of(core: &Core, site: Site) -> Self {
        let address = address(core, &site);
        let Site { org: _, name, tagline, domain, published, version: _, look, flags, settings } = site;
        let Settings {
            currency,
            time_zone,
            legal_name,
            address: postal_address,
            email,
            phone,
            notify,
            double_opt_in,
            kept_days,
            hours,
        } = settings;
        let Look { hue, chroma, logo } = look;
        Self {
            name,
            tagline,
            domain,
            published,
            address,
            flags,
            legal_name,
            postal_address,
            email,
            phone,
            currency,
            time_zone,
            notify,
            double_opt_in,
            kept_days,
            look: LookOut { hue, chroma, logo },
            hours: hours.into(),
        }
    }
}

/// Show how the site is set up.
///
/// Its name and address, how it looks, which parts of it are on, who answers for it, and when consultations can be booked.
#[utoipa::path(get, path = "/v2/site/settings", tag = "site", responses((status = 200, body = SettingsOut)))]
pub(super) async fn show(by: Allowed<ManageChannels>, State(core): State<Core>) -> Result<Json<SettingsOut>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(SettingsOut::of(&core, site(&mut tx).await?)))
}

/// Change how the site is set up.
///
/// What is not said stays, in parts too: `{"look": {"hue": 29}}` changes the colour and keeps the mark. Visitors see it at once.
#[utoipa::path(patch, path = "/v2/site/settings", tag = "site", request_body = SettingsPatch,
    responses((status = 200, body = SettingsOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn change(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<SettingsPatch>,
) -> Result<Json<SettingsOut>, AppError> {
    let mut tx = by.tx().await?;
    let before = site(&mut tx).await?;
    let typed = given.over(&before).map_err(named)?;
    write(&by, &core, &mut tx, &before, &typed).await.map_err(named)?;
    let after = site(&mut tx).await?;
    tx.commit().await?;
    core.hosts().forget();
    Ok(Json(SettingsOut::of(&core, after)))
}
