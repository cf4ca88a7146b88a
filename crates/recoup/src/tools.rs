//! What the advisor can look up in the rooms, and where its advice becomes a task.

use advisor::{Tasks, Toolbox};
use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::Actor;
use leads::tasks::{NewTask, make};

/// The advisor's tools; the first is asked where a question names none.
pub fn toolbox(_kernel: &Kernel) -> Toolbox {
    Toolbox::new(Vec::new())
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
