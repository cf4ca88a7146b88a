//! `/v2/audit/…`: for forms on somebody's own site. The names on the wire are camelCase, as those forms have them.

use std::collections::BTreeMap;
use std::slice;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::ids::decode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::{AppError, Detail, Json, Path};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::{Advice, Answers, Band, Dimension, DimensionScore, Named, Outcome, Part, Peers, SaidSo, SourceOf};
use super::observed::Observed;
use super::store;
use super::submit::{self, Contact, Done};
use super::words;
use crate::core::Core;
use crate::cors;
use crate::inquiries::rate;
use crate::once;
use crate::ports::Person;
use crate::roi::model::{Forecast, forecast};
use crate::visit::Visit;

/// Audits an hour from one address: an office shares one.
const PER_ADDRESS: u32 = 60;

pub(super) fn router(core: &Core) -> OpenApiRouter<Core> {
    let router = once::keyed(core, OpenApiRouter::new().routes(routes!(hand_in)).routes(routes!(show)));
    cors::open(router, &["/v2/audit/submit", "/v2/audit/results/{id}"])
}

/// An audit that was answered in a form of one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AuditSubmit)]
pub(super) struct SubmitIn {
    /// A choice of the question, or its label; `other` for anything else.
    #[schema(example = "dentist")]
    industry: String,
    /// The same.
    #[schema(example = "6_20")]
    company_size: String,
    /// Choices, labels or own words: at most 20, each of at most 80 characters.
    #[schema(example = json!(["missed_calls", "no_shows"]))]
    pain_points: Vec<String>,
    /// The same.
    #[schema(example = json!(["crm"]))]
    current_systems: Vec<String>,
    /// The same.
    #[schema(example = json!(["inquiries", "response_time"]))]
    kpis: Vec<String>,
    /// Answers to further questions by their id: a choice, a list of choices, or a number.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"answering": "noted", "volume": 240}))]
    answers: BTreeMap<String, Value>,
    /// What was measured: it counts instead of what was answered about the same area.
    #[serde(default)]
    observed: Observed,
    /// Who it was; without it nobody is written to.
    #[serde(default)]
    contact_info: Option<ContactIn>,
}

/// Who handed it in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AuditContact)]
struct ContactIn {
    #[schema(example = "dana@example.com")]
    email: String,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    name: Option<String>,
    /// Whether they agreed to letters.
    #[serde(default)]
    letters: Option<bool>,
}

/// What an audit came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditSubmitted)]
pub(super) struct SubmitOut {
    /// Whoever has it can read the result: it is the key, too.
    audit_id: String,
    /// 0 to 100.
    maturity_score: u8,
    roi_forecast: RoiOut,
    /// The most effect for the least effort first.
    recommendations: Vec<Advice>,
    /// The page of the result.
    report_url: String,
}

/// What answering everybody would be worth.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditForecast)]
struct RoiOut {
    /// ISO 4217.
    currency: String,
    #[serde(flatten)]
    forecast: Forecast,
}

impl RoiOut {
    fn of(outcome: &Outcome) -> Self {
        Self { currency: outcome.currency.clone(), forecast: forecast(&outcome.assumptions) }
    }
}

/// A result with all that is shown of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditResult)]
pub(super) struct ResultOut {
    audit_data: AuditData,
    analysis: Analysis,
    visual_data: VisualData,
    pdf_url: String,
}

/// What was answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditData {
    audit_id: String,
    done_at: DateTime<Utc>,
    industry: Named,
    company_size: Named,
    answers: Vec<SaidSo>,
    /// The version of the questions; 0 is the program's own.
    config_version: i32,
    /// The version of the formula.
    formula: u16,
}

/// What it means.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditAnalysis)]
struct Analysis {
    maturity_score: u8,
    band: Band,
    /// How much of the audit was answered, in hundredths: the score is of this part.
    answered_weight: u32,
    dimensions: Vec<DimensionScore>,
    peers: Option<Peers>,
    /// The three for this quarter.
    this_quarter: Vec<Advice>,
    recommendations: Vec<Advice>,
    /// Whether a model worded the recommendations, from these facts.
    worded_by_model: bool,
    roi_forecast: RoiOut,
    /// Where the figures of the forecast are from.
    sources: Vec<SourceOf>,
}

/// What charts are drawn from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditVisualData)]
struct VisualData {
    radar: Vec<Point>,
    bars: Vec<Bar>,
    bands: Vec<Band>,
    forecast: Vec<Series>,
}

/// A corner of the radar, in points of 100.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditRadarPoint)]
struct Point {
    dimension: Dimension,
    name: String,
    /// None where nothing was answered.
    score: Option<u8>,
    peers: Option<u8>,
}

/// A bar of a dimension.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditBar)]
struct Bar {
    dimension: Dimension,
    name: String,
    /// 0 to 4.
    level: Option<u8>,
    /// In hundredths.
    weight: u32,
}

/// A case of the forecast.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditForecastSeries)]
struct Series {
    /// `low`, `base` or `high`.
    case: &'static str,
    net_month: f64,
    net_year: f64,
}

/// Hand an audit in and get its result at once.
///
/// Texts that are choices of the audit's questions count; others are kept as own words. Nothing is needed beside the kind of business,
/// its size, and one answer that a score can be made of.
#[utoipa::path(post, path = "/v2/audit/submit", tag = "site", security(()), request_body = SubmitIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of your own: what is sent again with \
    them within 24 hours has no second effect and gets its first answer")),
    responses((status = 201, body = SubmitOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn hand_in(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<SubmitIn>,
) -> Result<(StatusCode, Json<SubmitOut>), AppError> {
    is_on(&visit)?;
    rate::check(&core, &visit, "audit", PER_ADDRESS).await?;
    let (answers, contact) = read(&core, &visit, given).await?;
    let Done { token, outcome } = submit::whole(&core, &visit, &answers, contact).await.map_err(in_contact)?;
    let out = SubmitOut {
        maturity_score: outcome.total,
        roi_forecast: RoiOut::of(&outcome),
        report_url: page_of(&visit, &token),
        recommendations: outcome.all,
        audit_id: token,
    };
    Ok((StatusCode::CREATED, Json(out)))
}

/// A result with what its charts are drawn from.
#[utoipa::path(get, path = "/v2/audit/results/{id}", tag = "site", security(()),
    params(("id" = String, Path, description = "The id that handing in gave")),
    responses((status = 200, body = ResultOut), (status = 404), (status = 409, description = "It was not handed in yet")))]
pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path(id): Path<String>,
) -> Result<Json<ResultOut>, AppError> {
    is_on(&visit)?;
    decode(&id).ok_or_else(missing)?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&id)).await?;
    let audit = store::by_token(&mut tx, &id).await?.ok_or_else(missing)?;
    let (Some(outcome), Some(done_at)) = (audit.outcome, audit.done_at) else {
        return Err(AppError::conflict("this audit was begun and not handed in yet"));
    };
    let words = audit.words.as_ref();
    let told = |advice: &[Advice]| words::told(advice, words);
    let roi = RoiOut::of(&outcome);
    let visual_data = visual(&outcome, &roi.forecast);
    Ok(Json(ResultOut {
        pdf_url: format!("{}/report.pdf", page_of(&visit, &id)),
        visual_data,
        analysis: Analysis {
            maturity_score: outcome.total,
            answered_weight: outcome.answered_weight,
            this_quarter: told(&outcome.top),
            recommendations: told(&outcome.all),
            worded_by_model: words::are_there(words),
            roi_forecast: roi,
            band: outcome.band,
            dimensions: outcome.dimensions,
            peers: outcome.peers,
            sources: outcome.sources,
        },
        audit_data: AuditData {
            audit_id: id,
            done_at,
            industry: outcome.industry,
            company_size: outcome.size,
            answers: outcome.said,
            config_version: outcome.config_version,
            formula: outcome.formula,
        },
    }))
}

/// Whether the site has an audit.
pub(super) fn is_on(visit: &Visit) -> Result<(), AppError> {
    if visit.site.flags.audit { Ok(()) } else { Err(missing()) }
}

/// The complaint about an audit that is nobody's.
pub(super) fn missing() -> AppError {
    AppError::not_found("audit")
}

/// The address of a result's page.
pub(super) fn page_of(visit: &Visit, token: &str) -> String {
    format!("{}/audit/results/{token}", visit.base)
}

async fn read(core: &Core, visit: &Visit, given: SubmitIn) -> Result<(Answers, Option<Contact>), AppError> {
    let config = {
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        super::config::current(&mut tx).await?.1
    };
    let SubmitIn {
        industry,
        company_size,
        pain_points,
        current_systems,
        kpis,
        answers: further,
        observed,
        contact_info,
    } = given;
    let (mut answers, mut wrong) = (Answers { observed, ..Answers::default() }, observed.wrong());
    for (field, part, texts) in [
        ("industry", Part::Industry, slice::from_ref(&industry)),
        ("companySize", Part::CompanySize, slice::from_ref(&company_size)),
        ("painPoints", Part::PainPoints, pain_points.as_slice()),
        ("currentSystems", Part::CurrentSystems, current_systems.as_slice()),
        ("kpis", Part::Kpis, kpis.as_slice()),
    ] {
        if let Err(reason) = answers.take_texts(&config, part, texts) {
            wrong.push(Detail::new(field, reason));
        }
    }
    if further.len() > config.questions().count() {
        return Err(AppError::field("answers", "has more answers than the audit has questions"));
    }
    for (id, value) in &further {
        if let Err(reason) = answers.take_value(&config, id, value) {
            // The name is the caller's own: only so much of it is said back.
            let name: String = id.chars().take(40).collect();
            wrong.push(Detail::new(format!("answers.{name}"), reason));
        }
    }
    if !wrong.is_empty() {
        return Err(AppError::fields(wrong));
    }
    Ok((answers, contact_info.map(contact)))
}

fn contact(given: ContactIn) -> Contact {
    let ContactIn { email, phone, company, name, letters } = given;
    let person = Person {
        name: name.unwrap_or_default(),
        email,
        phone: phone.unwrap_or_default(),
        company: company.unwrap_or_default(),
    };
    Contact { person, letters, guard: None }
}

/// Complaints about who it was, by the names they have here.
fn in_contact(error: AppError) -> AppError {
    if error.details().is_empty() {
        return error;
    }
    let named = error.details().iter().map(|one| Detail::new(format!("contactInfo.{}", one.field), one.reason.clone()));
    AppError::fields(named.collect())
}

fn visual(outcome: &Outcome, forecast: &Forecast) -> VisualData {
    let peers = outcome.peers.as_ref();
    let radar = outcome.dimensions.iter().enumerate().map(|(place, one)| Point {
        dimension: one.dimension,
        name: one.name.clone(),
        score: one.points(),
        peers: peers.and_then(|peers| peers.scores.get(place).copied()),
    });
    let bars = outcome.dimensions.iter().map(|one| Bar {
        dimension: one.dimension,
        name: one.name.clone(),
        level: one.level,
        weight: one.weight,
    });
    let cases = [("low", &forecast.low), ("base", &forecast.base), ("high", &forecast.high)];
    VisualData {
        radar: radar.collect(),
        bars: bars.collect(),
        bands: outcome.bands.clone(),
        forecast: cases
            .map(|(case, of)| Series { case, net_month: of.net_month, net_year: of.net_year })
            .into_iter()
            .collect(),
    }
}
