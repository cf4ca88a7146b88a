//! An organisation with twenty leads of a website: twelve answered at once, eight of them paid, eight never answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, OrgId, UserId};
use kernel::ledger::{Actor, catch_up};
use kernel::money::{Currency, Money};
use kernel::testing::until;
use revenue::signals::land;
use revenue::{NewTask, People};
use serde_json::json;
use shell::Role;
use shell::testing::{Answer, TestWeb};
use uuid::Uuid;

/// Contacts are called Mara, people Dana; tasks are written down.
#[derive(Default)]
pub struct Book {
    pub tasks: Mutex<HashMap<Uuid, (String, String)>>,
}

#[async_trait]
impl People for Book {
    async fn names(&self, _tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(contacts.iter().map(|id| (*id, "Mara <Ellison>".to_owned())).collect())
    }

    async fn agents(&self, _tx: &mut OrgTx, people: &[UserId]) -> anyhow::Result<HashMap<UserId, String>> {
        Ok(people.iter().map(|id| (*id, "Dana Whitfield".to_owned())).collect())
    }

    async fn make_task(&self, tx: &mut OrgTx, _by: Actor, task: NewTask<'_>) -> anyhow::Result<Uuid> {
        let id = kernel::ids::uuid_at(tx.clock().now());
        self.tasks.lock().expect("a lock").insert(id, (task.title.to_owned(), task.href.to_owned()));
        Ok(id)
    }

    async fn take_back_task(&self, _tx: &mut OrgTx, task: Uuid) -> anyhow::Result<bool> {
        Ok(self.tasks.lock().expect("a lock").remove(&task).is_some())
    }
}

pub struct House {
    pub web: TestWeb,
    pub org: OrgId,
    pub book: Arc<Book>,
}

impl House {
    pub async fn empty() -> Self {
        let book = Arc::new(Book::default());
        let people: Arc<dyn People> = book.clone();
        let web = TestWeb::new(|app| vec![revenue::room(app, people)]).await;
        let org = web.org("Ours").await;
        Self { web, org, book }
    }

    /// With the twenty leads, followed and scored.
    pub async fn full() -> Self {
        let house = Self::empty().await;
        let now = house.web.kernel.clock.now();
        let mut signals = Vec::new();
        for n in 0..20_i64 {
            let arrived = now - Duration::days(4) - Duration::minutes(n);
            let of = |kind: SignalKind, at: DateTime<Utc>| Signal {
                location: Some("Downtown".to_owned()),
                contact: Some(format!("lead{n}@example.com")),
                lead: Some(format!("L{n}")),
                ..Signal::new("web", format!("{}-{n}", kind.as_str()), kind, at)
            };
            signals.push(of(SignalKind::Lead, arrived));
            if n < 12 {
                signals.push(of(SignalKind::Response, arrived + Duration::minutes(2)));
            }
            if n < 8 {
                let value = Some(Money::new(10_000, Currency::USD));
                let data = json!({ "starts_at": arrived + Duration::days(1) });
                signals.push(Signal {
                    data: data.as_object().cloned().unwrap_or_default(),
                    ..of(SignalKind::Booking, arrived + Duration::hours(1))
                });
                signals.push(Signal { value, ..of(SignalKind::Payment, arrived + Duration::hours(30)) });
            }
        }
        house.land(signals).await;
        house
    }

    pub async fn land(&self, signals: Vec<Signal>) {
        let vault = self.web.kernel.vault.of(self.org).await.expect("keys");
        let mut tx = self.tx().await;
        let landed = land(&mut tx, &vault, signals).await.expect("signals land");
        assert!(landed.rejected.is_empty(), "{:?}", landed.rejected);
        tx.commit().await.expect("committed");
        self.settle().await;
    }

    pub async fn tx(&self) -> OrgTx {
        self.web.kernel.db.begin(self.org).await.expect("a transaction")
    }

    /// Lets every follower read all there is.
    pub async fn settle(&self) {
        let people: Arc<dyn People> = self.book.clone();
        let followers = revenue::followers(&self.web.kernel, people);
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

    pub fn token(&self, role: Role) -> String {
        self.web.token(self.org, role)
    }

    /// A page as a viewer gets it.
    pub async fn page(&self, path: &str) -> Answer {
        let answer = self.web.browse(&self.token(Role::Viewer), path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!answer.text.contains(" style="), "{path} has an inline style");
        answer
    }

    /// How many rows of the audit log tell of an action.
    pub async fn audited(&self, action: &str) -> i64 {
        let mut tx = self.tx().await;
        sqlx::query_scalar("select count(*) from audit_log where org_id = $1 and action = $2")
            .bind(self.org)
            .bind(action)
            .fetch_one(tx.conn())
            .await
            .expect("a count")
    }

    /// The id of the one location.
    pub async fn location(&self) -> kernel::ids::LocationId {
        let mut tx = self.tx().await;
        revenue::read::locations(&mut tx).await.expect("locations")[0].id
    }
}
