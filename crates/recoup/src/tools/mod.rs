//! What the advisor can look up in the rooms, and where its advice becomes a task.

mod anomalies;
mod conversations;
mod knowledge;
mod leads_open;
mod losses;
mod metrics;
mod places;
mod plays;
mod scores;
mod words;

use std::sync::Arc;

use advisor::{Tasks, Toolbox};
use ai::local::Embedder;
use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::Actor;
use leads::tasks::{NewTask, make};

/// The advisor's tools; the first is asked where a question names none.
pub fn toolbox(kernel: &Kernel, embedder: Option<Arc<dyn Embedder>>) -> Toolbox {
    Toolbox::new(vec![
        Arc::new(scores::Scores),
        Arc::new(losses::Losses),
        Arc::new(metrics::Replies),
        Arc::new(metrics::Calls),
        Arc::new(metrics::Money),
        Arc::new(metrics::Demand),
        Arc::new(leads_open::OpenLeads),
        Arc::new(conversations::Conversations),
        Arc::new(plays::Plays),
        Arc::new(anomalies::Anomalies),
        Arc::new(places::Places),
        Arc::new(knowledge::Knowledge::new(kernel, embedder)),
    ])
}

/// The leads room's tasks as the advisor makes them.
pub struct TaskList;

#[async_trait]
impl Tasks for TaskList {
    async fn make(
        &self,
        tx: &mut OrgTx,
        by: Actor,
        assignee: Option<MemberId>,
        title: &str,
        body: &str,
    ) -> anyhow::Result<String> {
        make(tx, by, &NewTask { title, body, source: "advisor", assignee, ..NewTask::default() }).await?;
        Ok("/tasks".to_owned())
    }
}
