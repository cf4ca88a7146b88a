//! A house with the revenue room in it, and its followers.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use connectors::signal::Signal;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, OrgId};
use kernel::ledger::{Event, catch_up};
use kernel::testing::until;
use revenue::People;
use revenue::signals::{Landed, land};
use serde_json::Value;
use shell::Role;
use shell::testing::{Answer, TestWeb};

/// Everybody has the address that their id makes.
pub struct Addressed;

pub fn address(contact: ContactId) -> String {
    format!("{contact}@example.com")
}

#[async_trait]
impl People for Addressed {
    async fn names(&self, _tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(contacts.iter().map(|id| (*id, "Mara".to_owned())).collect())
    }

    async fn addresses(
        &self,
        _tx: &mut OrgTx,
        contacts: &[ContactId],
    ) -> anyhow::Result<HashMap<ContactId, Vec<String>>> {
        Ok(contacts.iter().map(|id| (*id, vec![address(*id)])).collect())
    }
}

pub struct House {
    pub web: TestWeb,
    pub org: OrgId,
}

impl House {
    pub async fn new() -> Self {
        let web = TestWeb::new(|app| vec![revenue::room(app, Arc::new(Addressed))]).await;
        let org = web.org("Ours").await;
        Self { web, org }
    }

    pub fn admin(&self) -> String {
        self.web.token(self.org, Role::Admin)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.web.post(&self.admin(), path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.web.get(&self.admin(), path).await
    }

    pub async fn tx(&self) -> OrgTx {
        self.web.kernel.db.begin(self.org).await.expect("a transaction")
    }

    /// Lands signals past the router.
    pub async fn land(&self, signals: Vec<Signal>) -> Landed {
        let vault = self.web.kernel.vault.of(self.org).await.expect("keys");
        let mut tx = self.tx().await;
        let landed = land(&mut tx, &vault, signals).await.expect("signals land");
        tx.commit().await.expect("committed");
        landed
    }

    /// Writes facts.
    pub async fn tell(&self, events: Vec<Event>) {
        let mut tx = self.tx().await;
        for event in events {
            tx.append(event);
        }
        tx.commit().await.expect("committed");
    }

    /// Lets every follower read all there is; followers write facts that others follow.
    pub async fn settle(&self) {
        let followers = revenue::followers(&self.web.kernel, Arc::new(Addressed));
        // Followers read only below the oldest transaction of the whole cluster, so another test's may hold one back a moment.
        until("the followers to have read all", async || {
            for follower in &followers {
                catch_up(&self.web.kernel.db, follower.as_ref()).await.expect("the follower follows");
            }
            let mut owner = self.web.db.owner().await;
            let behind: bool = sqlx::query_scalar(
                "select exists (select 1 from unnest($1::text[]) as n (name) left join followers f on f.name = n.name \
                 where exists (select 1 from events e where f.name is null or (e.xact_id, e.id) > (f.xact_id, f.event_id)))",
            )
            .bind(followers.iter().map(|follower| follower.name()).collect::<Vec<_>>())
            .fetch_one(&mut owner)
            .await
            .expect("the cursors");
            (!behind).then_some(())
        })
        .await;
    }

    /// Asserts that the views are what the signals say, and that making them anew changes nothing.
    pub async fn assert_whole(&self, when: &str) {
        let mut tx = self.tx().await;
        let difference = revenue::journeys::check(&mut tx).await.expect("a comparison");
        assert_eq!((difference.rows(), difference.waiting), (0, 0), "{when}:\n{difference}");
        let rebuilt = revenue::journeys::rebuild(&mut tx).await.expect("made anew");
        assert_eq!(rebuilt.changed, 0, "{when}");
    }
}
