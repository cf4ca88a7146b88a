//! `GET /v2/command-centre`.

use chrono::{DateTime, Days, Utc};
use kernel::ids::{ContactId, ConversationId};
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::actions::{self, NextAction};
use super::{Figures, Waits, store};
use crate::read;
use crate::scores::Score;

/// Somebody who waits for an answer.
#[derive(Serialize, ToSchema)]
struct WaitingOut {
    conversation_id: ConversationId,
    contact_id: ContactId,
    channel: String,
    since: DateTime<Utc>,
    /// Why a person is needed; absent while the bot may still answer.
    reason: Option<String>,
}

/// Open leads by tag.
#[derive(Default, Serialize, ToSchema)]
struct LeadsOut {
    hot: i64,
    warm: i64,
    cold: i64,
}

/// What the command centre shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommandCentre {
    /// Yesterday and today.
    since_yesterday: Figures,
    /// The last 30 days.
    last_30_days: Figures,
    /// How long people waited in the last 30 days.
    waits: Waits,
    /// The 50 who have waited longest.
    waiting: Vec<WaitingOut>,
    leads: LeadsOut,
    /// The five scores of the whole organisation as they were stored last; empty before the first signal.
    scores: Vec<Score>,
    /// What to do next, the most expensive first.
    actions: Vec<NextAction>,
}

/// Show the command centre: what happened since yesterday, who waits, how warm the leads are, the scores and what to do next.
#[utoipa::path(get, path = "/v2/command-centre", tag = "command centre", responses((status = 200, body = CommandCentre)))]
pub(crate) async fn show_command_centre(by: Allowed<View>) -> Result<Json<CommandCentre>, AppError> {
    let today = by.now().date_naive();
    let (tomorrow, month) = (today + Days::new(1), today - Days::new(29));
    let mut tx = by.tx().await?;
    let days = store::days(&mut tx, month).await?;
    let waits = Waits::of(&store::waits(&mut tx, month, tomorrow).await?);
    let waiting = store::waiting(&mut tx, 50).await?.into_iter().map(|row| {
        let store::Waiting { conversation_id, contact_id, channel, since, reason } = row;
        WaitingOut { conversation_id, contact_id, channel, since, reason }
    });
    let mut leads = LeadsOut::default();
    for (tag, count) in store::leads_by_tag(&mut tx).await? {
        match tag.as_str() {
            "HOT" => leads.hot = count,
            "WARM" => leads.warm = count,
            _ => leads.cold = count,
        }
    }
    let scores = read::stored_scores(&mut tx, None).await?;
    let (done, running) = (actions::approved(&mut tx).await?, actions::running(&mut tx).await?);
    Ok(Json(CommandCentre {
        actions: actions::propose(&scores, &running, &done),
        scores,
        since_yesterday: Figures::of(&days, today - Days::new(1), tomorrow),
        last_30_days: Figures::of(&days, month, tomorrow),
        waits,
        waiting: waiting.collect(),
        leads,
    }))
}
