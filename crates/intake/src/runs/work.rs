//! The job of a run: begins it, has it read, and writes down how that ended.

use std::time::Duration;

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::queue::{Handler, Job, JobError};

use super::store::{self, Run};
use super::{Ended, RunJob, pages, wake};
use crate::connections::store as connections;
use crate::core::Core;
use crate::files;

/// Runs runs.
pub(crate) struct Runner(pub(crate) Core);

#[async_trait]
impl Handler for Runner {
    fn kind(&self) -> &'static str {
        "intake.run"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Self(core) = self;
        let RunJob { run } = job.parse()?;
        let mut tx = core.kernel.db.begin(job.org).await?;
        let Some(run) = store::begin(&mut tx, run).await? else { return Ok(()) };
        tx.commit().await?;
        core.announce(job.org, run.id);
        let read = if run.file_id.is_some() {
            files::import::import(core, job.org, &run).await
        } else {
            pages::read(core, job.org, &run).await
        };
        let ended = match read {
            Ok(ended) => ended,
            // Trying again repeats at most a page, which changes nothing.
            Err(error) if !job.is_last_attempt() => return Err(JobError::Retry(error)),
            Err(error) => {
                tracing::warn!(run.id = %run.id, error = format!("{error:#}"), "a run failed for good");
                Ended::Failed(format!("it failed several times and was stopped: {}", shown(&error)))
            }
        };
        conclude(core, job.org, &run, ended).await
    }
}

/// What a person may read of an error: the outermost words, never a value.
fn shown(error: &anyhow::Error) -> String {
    error.to_string().chars().take(300).collect()
}

async fn conclude(core: &Core, org: OrgId, run: &Run, ended: Ended) -> Result<(), JobError> {
    let mut tx = core.kernel.db.begin(org).await?;
    let again = match ended {
        Ended::Stopped => None,
        Ended::More => Some(Duration::ZERO),
        Ended::Wait(wait) => {
            store::wait(&mut tx, run.id, core.kernel.clock.now() + wait).await?;
            Some(wait)
        }
        Ended::Done => {
            store::end(&mut tx, run.id, "done", None).await?;
            note(&mut tx, run, None, "connected").await?;
            wake::again(&mut tx, run).await?;
            None
        }
        Ended::Failed(why) => {
            store::end(&mut tx, run.id, "failed", Some(&why)).await?;
            note(&mut tx, run, Some(&why), "failing").await?;
            None
        }
        Ended::Reconnect(why) => {
            let why = format!("{why}. What was read is kept and nothing is read twice: connect again and it goes on.");
            store::end(&mut tx, run.id, "failed", Some(&why)).await?;
            note(&mut tx, run, Some(&why), "reconnect").await?;
            None
        }
    };
    tx.commit().await?;
    core.announce(org, run.id);
    let over = again.is_none();
    if let (Some(file), true) = (run.file_id, over) {
        let mut tx = core.kernel.db.begin(org).await?;
        let finished = store::find(&mut tx, run.id).await?.is_some_and(|run| run.finished_at.is_some());
        drop(tx);
        // A dry run leaves the file for the real one.
        if finished && !run.dry_run {
            files::forget(core, org, file).await;
        }
    }
    match again {
        Some(wait) => Err(JobError::later(wait)),
        None => Ok(()),
    }
}

/// Writes how a run ended on its connection.
async fn note(tx: &mut OrgTx, run: &Run, error: Option<&str>, state: &str) -> Result<(), JobError> {
    if let Some(connection) = run.connection_id {
        connections::ended(tx, connection, error, state).await?;
    }
    Ok(())
}
