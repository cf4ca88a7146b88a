//! Messages in doubt: a run was interrupted between the call and its answer, or the answer was lost.
//!
//! First wait for the echo or status that the platform sends by itself; then ask the platform where it can be asked; only
//! when it says that the message is not there is it sent again. Where it can do neither, a person decides.

use chrono::TimeDelta;
use connectors::channel::Found;
use kernel::ids::OrgId;

use super::check::Parcel;
use super::settle::Settled;
use crate::core::Core;

/// How long an echo or status may take before the platform is asked.
const GRACE: TimeDelta = TimeDelta::seconds(3);
/// How long a message may stay in doubt before a person decides.
const PATIENCE: TimeDelta = TimeDelta::seconds(90);

/// What can be said of a message in doubt now.
pub(super) async fn ask(core: &Core, org: OrgId, parcel: &Parcel) -> Settled {
    let now = core.kernel.clock.now();
    let since = parcel.sending_since.unwrap_or(now);
    if now - since < GRACE {
        return Settled::Doubtful { again_in: GRACE - (now - since) };
    }
    let known = match accounted_for(core, org, parcel).await {
        Ok(known) => known,
        Err(error) => return doubtful(now - since, error.to_string()),
    };
    match core.platforms.find(org, parcel, &known).await {
        Ok(Found::Sent { platform_id }) => Settled::Sent { platform_id },
        Ok(Found::NotThere) => Settled::NotThere,
        Ok(Found::CannotTell { why }) => doubtful(now - since, why),
        Err(failure) => doubtful(now - since, failure.to_string()),
    }
}

/// Platform ids of the conversation's messages that are settled: the same words may have been sent twice on purpose. What
/// seems to be written in the platform's own app may be the echo of this very message in altered words, so it is left out.
async fn accounted_for(core: &Core, org: OrgId, parcel: &Parcel) -> Result<Vec<String>, sqlx::Error> {
    let mut tx = core.kernel.db.begin(org).await?;
    sqlx::query_scalar(
        "select platform_id from messages where org_id = $1 and conversation_id = $2 and direction = 'outbound' \
         and writer <> 'native_app' and platform_id is not null order by at desc limit 100",
    )
    .bind(tx.org())
    .bind(parcel.conversation_id)
    .fetch_all(tx.conn())
    .await
}

fn doubtful(age: TimeDelta, why: String) -> Settled {
    if age < PATIENCE { Settled::Doubtful { again_in: TimeDelta::seconds(5) } } else { Settled::PersonDecides { why } }
}
