//! The letter that says that a conversation needs a person.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use inbox::{Core, HandoffLetters};
use kernel::Clock;
use kernel::config::{MailConfig, MailTls};
use kernel::ids::{ConversationId, MemberId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject, catch_up};
use kernel::mail::Postman;
use kernel::queue::{Handlers, Lane, run_waiting};
use kernel::testing::{TestDb, until};
use shell::Settings;
use shell::testing::TestWeb;
use standins::Handle;
use standins::mail::Mail;

use crate::support::{Book, House};

struct Desk {
    house: House,
    mail: Handle<Mail>,
}

impl Desk {
    async fn new() -> Self {
        let mail =
            Mail::start(standins::mail::MailConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a server");
        let smtp = mail.smtp();
        let db = TestDb::new().await;
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let kernel = db
            .kernel_with(clock, |config| {
                config.http.public_url = Some("https://recoup.example".to_owned());
                config.mail = MailConfig {
                    host: smtp.ip().to_string(),
                    port: Some(smtp.port()),
                    tls: MailTls::None,
                    from: "recoup@example.com".to_owned(),
                    ..MailConfig::default()
                };
            })
            .await;
        let core = Core::new(kernel.clone(), Arc::new(Book), None);
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![inbox::room(&core, app)]);
        let org = web.org("Northwind Dental").await;
        Self { house: House { web, core, org }, mail }
    }

    fn now(&self) -> DateTime<Utc> {
        self.house.web.kernel.clock.now()
    }

    async fn member(&self, role: &str, email: &str) -> MemberId {
        let clock = &self.house.web.kernel.clock;
        let (user, member) = (UserId::new(clock), MemberId::new(clock));
        let mut db = self.house.web.db.owner().await;
        sqlx::query("insert into users (id, email, name, password_hash, created_at) values ($1, $2, 'x', '', now())")
            .bind(user)
            .bind(email)
            .execute(&mut db)
            .await
            .expect("a user");
        sqlx::query("insert into members (org_id, id, user_id, role, joined_at) values ($1, $2, $3, $4, now())")
            .bind(self.house.org)
            .bind(member)
            .bind(user)
            .bind(role)
            .execute(&mut db)
            .await
            .expect("a member");
        member
    }

    async fn wants(&self, member: MemberId, word: &str) {
        sqlx::query("insert into member_notices values ($1, $2, $3)")
            .bind(self.house.org)
            .bind(member)
            .bind(word)
            .execute(&mut self.house.web.db.owner().await)
            .await
            .expect("chosen");
    }

    /// The conversation needs a person, as the pipeline or a person says it, at an instant.
    async fn escalate(&self, conversation: ConversationId, by: Actor, at: DateTime<Utc>) {
        self.house.set(conversation, "status = 'needs_human', escalation = 'legal'").await;
        let mut tx = self.house.web.kernel.db.begin(self.house.org).await.expect("a transaction");
        let subject = Subject::Conversation(conversation);
        let to = "needs_human".to_owned();
        let status = Fact::ConversationStatus { conversation, from: "open".to_owned(), to };
        let escalated = Fact::ConversationEscalated { conversation, reason: "legal".to_owned(), decision: None };
        for fact in [status, escalated] {
            tx.append(Event::new(subject, by, fact).happened_at(at));
        }
        tx.commit().await.expect("committed");
    }

    /// Follows the ledger and carries what is due; the addresses that got a letter since the start.
    async fn told(&self) -> Vec<String> {
        let kernel = &self.house.web.kernel;
        // A follower reads below the oldest running transaction, and other tests have some.
        until("the follower to have read all", || async {
            catch_up(&kernel.db, &HandoffLetters).await.expect("the follower works");
            let unread: i64 = sqlx::query_scalar(
                "select count(*) from events e where not exists (select from followers f \
                 where f.name = 'inbox.handoff_letters' and (e.xact_id, e.id) <= (f.xact_id, f.event_id))",
            )
            .fetch_one(&mut self.house.web.db.owner().await)
            .await
            .expect("a count");
            (unread == 0).then_some(())
        })
        .await;
        let mut handlers = Handlers::default();
        inbox::handlers(&self.house.core, &mut handlers);
        handlers.add(Arc::new(Postman::new(kernel)));
        while run_waiting(&kernel.db, &handlers, Lane::Mail).await.expect("the lane runs") > 0 {}
        self.mail.letters().iter().flat_map(|letter| letter.to.clone()).collect()
    }
}

#[tokio::test]
async fn the_assignee_is_told_who_waits_where_and_why_and_never_what_was_said() {
    let desk = Desk::new().await;
    desk.member("owner", "olive@example.com").await;
    let sam = desk.member("agent", "sam@example.com").await;
    let conversation = desk.house.conversation("My secret rash is back").await;
    desk.house.set(conversation, &format!("assignee_id = '{}'", sam.uuid())).await;
    desk.escalate(conversation, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await, ["sam@example.com"]);
    let letter = &desk.mail.letters()[0];
    assert_eq!(letter.subject(), "Mara Ellison needs a person");
    assert_eq!(letter.links()[0], format!("https://recoup.example/inbox/{conversation}"));
    for part in ["Contact: Mara Ellison", "Channel: Northwind page (facebook)", "Why: They speak of lawyers"] {
        assert!(letter.text.contains(part), "{part}: {}", letter.text);
    }
    assert!(!letter.raw.contains("rash"), "{}", letter.raw);
}

#[tokio::test]
async fn there_is_one_letter_a_conversation_and_hour() {
    let desk = Desk::new().await;
    desk.member("owner", "olive@example.com").await;
    let (one, other) = (desk.house.conversation("a").await, desk.house.conversation("b").await);
    desk.escalate(one, Actor::Bot, desk.now()).await;
    desk.escalate(other, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await.len(), 2, "two facts of one conversation make one letter");
    desk.house.web.kernel.clock.advance(Duration::minutes(59));
    desk.escalate(one, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await.len(), 2);
    desk.house.web.kernel.clock.advance(Duration::minutes(1));
    desk.escalate(one, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await.len(), 3);
}

#[tokio::test]
async fn of_unassigned_ones_those_are_told_who_want_to_hear() {
    let desk = Desk::new().await;
    desk.member("owner", "olive@example.com").await;
    let quiet = desk.member("owner", "quiet@example.com").await;
    let keen = desk.member("admin", "keen@example.com").await;
    desk.member("admin", "ada@example.com").await;
    let agent = desk.member("agent", "sam@example.com").await;
    desk.wants(quiet, "none").await;
    desk.wants(keen, "all").await;
    desk.wants(agent, "all").await;
    let conversation = desk.house.conversation("hello").await;
    desk.escalate(conversation, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await, ["olive@example.com", "keen@example.com"]);
    let gone = desk.house.conversation("hello").await;
    desk.house.set(gone, &format!("assignee_id = '{}'", quiet.uuid())).await;
    desk.escalate(gone, Actor::Bot, desk.now()).await;
    assert_eq!(desk.told().await.len(), 2, "who wants none gets none, and nobody else gets theirs");
}

#[tokio::test]
async fn what_a_person_did_what_is_over_and_what_is_history_is_not_told() {
    let desk = Desk::new().await;
    desk.member("owner", "olive@example.com").await;
    let by_hand = desk.house.conversation("a").await;
    desk.escalate(by_hand, Actor::User(UserId::new(&desk.house.web.kernel.clock)), desk.now()).await;
    let old = desk.house.conversation("b").await;
    desk.escalate(old, Actor::Bot, desk.now() - Duration::hours(2)).await;
    let answered = desk.house.conversation("c").await;
    desk.escalate(answered, Actor::Bot, desk.now()).await;
    desk.house.set(answered, "status = 'open'").await;
    assert!(desk.told().await.is_empty());
}
