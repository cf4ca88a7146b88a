//! The command centre through the whole router, with two organisations.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::Duration;
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId, MessageId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Follower as _, Subject, Tag, Writer, catch_up};
use revenue::{People, Rollup};
use shell::Role;
use shell::testing::TestWeb;

/// Everybody is called Mara.
struct Mara;

#[async_trait]
impl People for Mara {
    async fn names(&self, _tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(contacts.iter().map(|id| (*id, "Mara <Ellison>".to_owned())).collect())
    }
}

async fn web() -> (TestWeb, OrgId, OrgId) {
    let web = TestWeb::new(|app| vec![revenue::room(app, Arc::new(Mara))]).await;
    let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
    (web, ours, theirs)
}

struct Thread {
    conversation: ConversationId,
    contact: ContactId,
}

impl Thread {
    fn new(web: &TestWeb) -> Self {
        Self { conversation: ConversationId::new(&web.kernel.clock), contact: ContactId::new(&web.kernel.clock) }
    }

    fn received(&self, web: &TestWeb) -> Event {
        let message = MessageId::new(&web.kernel.clock);
        let fact = Fact::MessageReceived {
            conversation: self.conversation,
            contact: self.contact,
            message,
            channel: ChannelKind::Whatsapp,
            first: true,
        };
        Event::new(Subject::Conversation(self.conversation), Actor::Contact(self.contact), fact)
    }

    fn sent(&self, web: &TestWeb, meaningful: bool, after_s: Option<i64>) -> Event {
        let fact = Fact::MessageSent {
            conversation: self.conversation,
            contact: self.contact,
            message: MessageId::new(&web.kernel.clock),
            channel: ChannelKind::Whatsapp,
            writer: Writer::Bot,
            meaningful,
            answered_after_s: after_s,
            first_answer: meaningful,
        };
        Event::new(Subject::Conversation(self.conversation), Actor::Bot, fact)
    }
}

async fn tell(web: &TestWeb, org: OrgId, events: Vec<Event>) {
    let mut tx = web.kernel.db.begin(org).await.expect("a transaction");
    for event in events {
        tx.append(event);
    }
    tx.commit().await.expect("committed");
    // Followers read only below the oldest transaction of the whole cluster, so another test's may hold this one back a moment.
    kernel::testing::until("the roll-up to follow", async || {
        catch_up(&web.kernel.db, &Rollup).await.expect("the roll-up follows");
        let mut owner = web.db.owner().await;
        let behind: bool = sqlx::query_scalar(
            "select exists (select 1 from events e left join followers f on f.name = $1 \
             where f.name is null or (e.xact_id, e.id) > (f.xact_id, f.event_id))",
        )
        .bind(Rollup.name())
        .fetch_one(&mut owner)
        .await
        .expect("the cursor");
        (!behind).then_some(())
    })
    .await;
}

fn scored(lead: LeadId, contact: ContactId, tag: Tag, was: Option<Tag>) -> Event {
    let fact = Fact::LeadScored { lead, contact, conversation: None, score: 80, tag, was, signals: Vec::new() };
    Event::new(Subject::Lead(lead), Actor::Bot, fact)
}

#[tokio::test]
async fn the_figures_are_ones_own_and_every_event_counts_once() {
    let (web, ours, theirs) = web().await;
    let (quick, slow, other) = (Thread::new(&web), Thread::new(&web), Thread::new(&web));
    tell(
        &web,
        ours,
        vec![
            quick.received(&web),
            quick.sent(&web, true, Some(3)),
            slow.received(&web),
            slow.sent(&web, true, Some(900)),
        ],
    )
    .await;
    tell(&web, theirs, vec![other.received(&web)]).await;
    catch_up(&web.kernel.db, &Rollup).await.expect("nothing new");
    let answer = web.get(&web.token(ours, Role::Viewer), "/v2/command-centre").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["since_yesterday"]["received"], 2);
    assert_eq!(told["since_yesterday"]["answered"], 2);
    assert_eq!(told["since_yesterday"]["answered_within_5_min"], 1);
    assert_eq!(told["waiting"].as_array().map(Vec::len), Some(0));
    let p90 = told["waits"]["p90_s"].as_f64().expect("two answers");
    assert!((810.0..990.0).contains(&p90), "{p90}");
    let theirs = web.get(&web.token(theirs, Role::Viewer), "/v2/command-centre").await.json();
    assert_eq!(
        (&theirs["since_yesterday"]["received"], theirs["waiting"].as_array().map(Vec::len)),
        (&1.into(), Some(1))
    );
}

#[tokio::test]
async fn a_wait_lasts_from_the_first_message_to_a_meaningful_answer() {
    let (web, ours, _) = web().await;
    let thread = Thread::new(&web);
    let owner = web.token(ours, Role::Owner);
    let waiting = async || web.get(&owner, "/v2/command-centre").await.json()["waiting"].clone();
    let early = web.kernel.clock.now() - Duration::minutes(30);
    tell(&web, ours, vec![thread.received(&web).happened_at(early)]).await;
    tell(&web, ours, vec![thread.received(&web)]).await;
    let reason =
        Fact::ConversationEscalated { conversation: thread.conversation, reason: "legal".to_owned(), decision: None };
    tell(
        &web,
        ours,
        vec![
            Event::new(Subject::Conversation(thread.conversation), Actor::Bot, reason),
            thread.sent(&web, false, None),
        ],
    )
    .await;
    let rows = waiting().await;
    assert_eq!(rows[0]["reason"], "legal", "{rows}");
    let since: chrono::DateTime<chrono::Utc> = serde_json::from_value(rows[0]["since"].clone()).expect("an instant");
    assert!((since - early).num_seconds().abs() < 2, "since the first message, not the last");
    tell(&web, ours, vec![thread.sent(&web, true, Some(1_800))]).await;
    assert_eq!(waiting().await.as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn leads_are_counted_by_their_last_tag_while_they_are_open() {
    let (web, ours, _) = web().await;
    let contact = ContactId::new(&web.kernel.clock);
    let leads: Vec<LeadId> = (0..3).map(|_| LeadId::new(&web.kernel.clock)).collect();
    tell(&web, ours, leads.iter().map(|lead| scored(*lead, contact, Tag::Warm, None)).collect()).await;
    tell(
        &web,
        ours,
        vec![scored(leads[0], contact, Tag::Hot, Some(Tag::Warm)), scored(leads[0], contact, Tag::Hot, Some(Tag::Hot))],
    )
    .await;
    let won = Fact::LeadStage { lead: leads[1], contact, from: "new".to_owned(), to: "won".to_owned() };
    tell(&web, ours, vec![Event::new(Subject::Lead(leads[1]), Actor::System, won)]).await;
    let told = web.get(&web.token(ours, Role::Viewer), "/v2/command-centre").await.json();
    assert_eq!(
        (&told["leads"]["hot"], &told["leads"]["warm"], &told["leads"]["cold"]),
        (&1.into(), &1.into(), &0.into()),
        "{told}"
    );
    assert_eq!(told["since_yesterday"]["became_hot"], 1, "becoming hot counts once");
}

#[tokio::test]
async fn the_page_tells_it_in_words_and_the_feed_links_to_the_thread() {
    let (web, ours, theirs) = web().await;
    let owner = web.token(ours, Role::Viewer);
    let empty = web.browse(&owner, "/").await;
    assert_eq!(empty.status, 200, "{}", empty.text);
    assert!(empty.text.contains("Connect your first channel"));
    let (ours_thread, theirs_thread) = (Thread::new(&web), Thread::new(&web));
    tell(&web, ours, vec![ours_thread.received(&web)]).await;
    tell(&web, theirs, vec![theirs_thread.received(&web)]).await;
    let page = web.browse(&owner, "/").await.text;
    assert!(page.contains("Since yesterday") && page.contains("people are waiting"), "{page}");
    assert!(page.contains(&format!("/inbox/{}", ours_thread.conversation)) && page.contains("wrote on whatsapp"));
    assert!(!page.contains(&theirs_thread.conversation.to_string()), "another organisation's thread is not there");
    assert!(page.contains("Mara &#60;Ellison&#62;") && !page.contains("<Ellison>"), "names are shown as text");
    for part in ["/command-centre/live", "/command-centre/feed"] {
        let fragment = web.browse(&owner, part).await;
        assert!(fragment.status == 200 && !fragment.text.contains("<html"), "{part}");
    }
}
