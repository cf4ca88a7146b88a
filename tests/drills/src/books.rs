//! The books: what customers wrote and saw at the platforms, beside what Recoup has in its database.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use kernel::ids::MessageId;
use kernel::testing::TestDb;
use standins::{Author, Platform, Visible, World};
use uuid::Uuid;

/// A message as the database has it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    /// Its id: also the order in which messages of a conversation were made.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Who wrote it.
    pub writer: String,
    /// The platform's id, once it is known.
    pub platform_id: Option<String>,
    /// Its state.
    pub state: String,
    /// What made it be in that state.
    pub state_code: Option<String>,
    /// The decision that an answer follows from.
    pub decision_id: Option<Uuid>,
}

/// Both sides.
pub struct Books {
    rows: Vec<Row>,
    seen: Vec<Visible>,
}

impl Books {
    /// Opens the books; inbound messages come in the order the desk shows them.
    pub async fn open(db: &TestDb, world: &World) -> Self {
        let rows = sqlx::query_as(
            "select id, conversation_id, direction, writer, platform_id, state, state_code, decision_id from messages order by at, id",
        )
        .fetch_all(&mut db.owner().await)
        .await
        .expect("messages can be read");
        Self { rows, seen: world.messages() }
    }

    fn inbound(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.direction == "inbound")
    }

    fn outbound(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.direction == "outbound")
    }

    fn shown(&self) -> impl Iterator<Item = &Visible> {
        self.seen.iter().filter(|message| message.author == Author::App)
    }

    /// What customers wrote is there, each once, and nothing else.
    pub fn nothing_lost(&self, written: &BTreeSet<String>) {
        let kept: Vec<&str> = self.inbound().filter_map(|row| row.platform_id.as_deref()).collect();
        let unique: BTreeSet<&str> = kept.iter().copied().collect();
        assert_eq!(kept.len(), unique.len(), "stored twice");
        let wanted: BTreeSet<&str> = written.iter().map(String::as_str).collect();
        let lost: Vec<&&str> = wanted.difference(&unique).take(5).collect();
        let made_up: Vec<&&str> = unique.difference(&wanted).take(5).collect();
        let how_many = wanted.difference(&unique).count();
        assert!(lost.is_empty() && made_up.is_empty(), "lost {how_many}, such as {lost:?}; made up {made_up:?}");
    }

    /// The message of ours that a visible one is: by our key, by the platform's id where the platform returns no key.
    fn row_of(&self) -> HashMap<&str, &Row> {
        let by_id: HashMap<Uuid, &Row> = self.outbound().map(|row| (row.id, row)).collect();
        let by_platform: HashMap<&str, &Row> =
            self.outbound().filter_map(|row| row.platform_id.as_deref().map(|id| (id, row))).collect();
        let key = |message: &Visible| {
            message.key.as_deref().and_then(|key| key.parse::<MessageId>().ok()).map(MessageId::uuid)
        };
        self.shown()
            .filter_map(|message| {
                let row = key(message).and_then(|key| by_id.get(&key)).or_else(|| by_platform.get(message.id.as_str()));
                row.map(|row| (message.id.as_str(), *row))
            })
            .collect()
    }

    /// Every visible reply is one intent, every intent that counts as sent is visible, once. Returns how many are in doubt:
    /// only where the platform neither told nor can be asked, and a person is told.
    pub fn one_visible_effect(&self) -> usize {
        let rows = self.row_of();
        let orphans: Vec<&Visible> =
            self.shown().filter(|message| !rows.contains_key(message.id.as_str())).take(3).collect();
        assert!(orphans.is_empty(), "visible, but not in the books: {orphans:?}");
        let mut times: BTreeMap<Uuid, usize> = BTreeMap::new();
        for message in self.shown() {
            *times.entry(rows[message.id.as_str()].id).or_default() += 1;
        }
        times.retain(|_, times| *times > 1);
        assert!(times.is_empty(), "visible more than once: {times:?}");
        let visible: BTreeSet<Uuid> = rows.values().map(|row| row.id).collect();
        for row in self.outbound() {
            match row.state.as_str() {
                "sent" | "delivered" | "read" => {
                    assert!(visible.contains(&row.id), "counts as sent, nobody saw it: {row:?}");
                }
                "cancelled" => assert!(!visible.contains(&row.id), "cancelled, but somebody saw it: {row:?}"),
                "unknown" => {
                    assert_eq!(row.state_code.as_deref(), Some("person_decides"), "in doubt for good: {row:?}");
                }
                _ => panic!("not settled: {row:?}"),
            }
        }
        let foreign = self.outbound().filter(|row| row.writer == "native_app").count();
        assert_eq!(foreign, 0, "our own message taken for somebody else's");
        self.outbound().filter(|row| row.state == "unknown").count()
    }

    /// An answer belongs to one turn: no decision led to two.
    pub fn one_answer_a_turn(&self) {
        let mut made: BTreeMap<Uuid, usize> = BTreeMap::new();
        for decision in self.outbound().filter(|row| row.state != "cancelled").filter_map(|row| row.decision_id) {
            *made.entry(decision).or_default() += 1;
        }
        made.retain(|_, times| *times > 1);
        assert!(made.is_empty(), "decided once, answered more than once: {made:?}");
    }

    /// Replies became visible in the order they were made, and the desk shows what came in the order it was written.
    pub fn order_kept(&self) {
        let rows = self.row_of();
        let mut last: HashMap<Uuid, Uuid> = HashMap::new();
        for message in self.shown() {
            let row = rows[message.id.as_str()];
            let before = last.insert(row.conversation_id, row.id);
            assert!(before.is_none_or(|before| before < row.id), "visible out of order: {message:?}");
        }
        let written: HashMap<&str, &Visible> = self.seen.iter().map(|message| (message.id.as_str(), message)).collect();
        let mut heard: HashMap<Uuid, i64> = HashMap::new();
        for row in self.inbound() {
            let message = written[row.platform_id.as_deref().unwrap_or_default()];
            // WhatsApp tells the second only.
            let at = if message.platform == Platform::WhatsApp { message.at_ms / 1_000 } else { message.at_ms };
            let before = heard.insert(row.conversation_id, at);
            assert!(before.is_none_or(|before| before <= at), "shown out of order: {message:?}");
        }
    }

    /// How many replies customers saw.
    pub fn replies(&self) -> usize {
        self.shown().count()
    }

    /// How many answers were given up because the customer went on writing, or a person took over.
    pub fn cancelled(&self) -> usize {
        self.outbound().filter(|row| row.state == "cancelled").count()
    }
}

/// Waits until no work is left, and tells how long it took; says what is left when it takes longer than `patience`.
pub async fn settled(db: &TestDb, patience: Duration) -> Duration {
    let begun = Instant::now();
    let mut owner = db.owner().await;
    loop {
        let left: Vec<String> = sqlx::query_scalar(
            "select format('%s job %s of %s, run %s at %s, leased until %s, %s: message %s %s %s since %s in doubt since %s', now(), j.seq, j.kind, \
               j.attempts, j.run_at, j.lease_until, j.last_error, c.channel_kind, m.state, m.state_detail, m.at, m.sending_since) \
             from jobs j left join lateral (select * from messages m where m.org_id = j.org_id and m.conversation_id::text = j.key \
               and m.state in ('queued', 'sending', 'unknown') order by m.id limit 1) m on true \
             left join conversations c on c.org_id = m.org_id and c.id = m.conversation_id order by j.seq limit 5",
        )
        .fetch_all(&mut owner)
        .await
        .expect("jobs can be read");
        if left.is_empty() {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < patience, "still at work: {left:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A number looked up as the database's owner.
pub async fn count(db: &TestDb, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut db.owner().await).await.expect("a count")
}

/// Conversations in which the contact waits, and neither the bot nor a person knows that it is their turn; with what was
/// said last in each.
pub async fn forgotten(db: &TestDb) -> Vec<String> {
    sqlx::query_scalar(
        "select format('%s turn %s quiet %s waiting since %s:', c.channel_kind, c.turn, c.quiet_turn, c.waiting_since) || string_agg( \
             format(' [%s %s %s %s %s]', m.at, m.direction, m.turn, m.state, m.body), '' order by m.id) \
         from conversations c join lateral (select * from messages m where m.org_id = c.org_id and m.conversation_id = c.id \
           order by m.id desc limit 6) m on true \
         where c.waiting_since is not null and c.holder = 'bot' and c.status = 'open' group by c.org_id, c.id",
    )
    .fetch_all(&mut db.owner().await)
    .await
    .expect("conversations can be read")
}

/// What work was given up on, and why.
pub async fn dead(db: &TestDb) -> Vec<String> {
    sqlx::query_scalar("select format('%s after %s tries and %s crashes: %s', kind, attempts, crashes, error) from dead_letters limit 5")
        .fetch_all(&mut db.owner().await)
        .await
        .expect("dead letters can be read")
}
