//! Whatever was merged, hidden and taken back before: undoing restores every row, erasing leaves nothing of the person and
//! everything of the others.

use std::collections::{BTreeMap, BTreeSet};

use identity::privacy::erase_now;
use kernel::channel::ChannelKind;
use kernel::ids::{ChannelId, ContactId, OrgId, uuid_at};
use kernel::ledger::catch_up;
use kernel::privacy::{Probe, find};
use kernel::testing::TestDb;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use recoup::rooms::{Rooms, holders};
use serde_json::json;
use shell::testing::TestWeb;
use shell::{Role, Settings};
use sqlx::AssertSqlSafe;

/// People in each run.
const PEOPLE: usize = 5;
/// What happens to them in each run.
const STEPS: usize = 8;

/// Somebody, with a word nobody else has.
struct Somebody {
    contact: ContactId,
    word: String,
}

/// The rooms over a fresh database, with people in them.
struct World {
    web: TestWeb,
    rooms: Rooms,
    org: OrgId,
    admin: String,
    people: Vec<Somebody>,
    /// Who is one person with whom: the smallest number of the family.
    family: Vec<usize>,
}

impl World {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        let rooms = Rooms::open(&kernel).await.expect("the rooms open");
        let web = TestWeb::over(db, kernel, Settings::default(), |app| rooms.plug(app));
        let org = web.org("Northwind").await;
        let admin = web.token(org, Role::Admin);
        let mut world = Self { web, rooms, org, admin, people: Vec::new(), family: (0..PEOPLE).collect() };
        for number in 0..PEOPLE {
            let somebody = world.somebody(number).await;
            world.people.push(somebody);
        }
        world
    }

    /// Somebody who wrote on one account or two, with a row in every table that keeps something of contacts by their ids.
    async fn somebody(&self, number: usize) -> Somebody {
        let kernel = &self.web.kernel;
        let vault = kernel.vault.of(self.org).await.expect("keys");
        let word = format!("quokka{}", ["ash", "birch", "cedar", "dogwood", "elder"][number]);
        let (channel, handle) = (ChannelId::new(&kernel.clock), format!("78000{number:09}"));
        let person = leads::contacts::Person {
            channel,
            kind: ChannelKind::Instagram,
            ids: vec![&handle],
            phone: None,
            name: Some(&word),
            username: None,
        };
        let mut tx = kernel.db.begin(self.org).await.expect("a transaction");
        let found = leads::contacts::resolve(&mut tx, &vault, &[person]).await.expect("a contact");
        tx.commit().await.expect("committed");
        let contact = found[0].contact;
        let [conversation, lead] = [(); 2].map(|()| uuid_at(kernel.clock.now()));
        let (org, who, at) = (self.org.uuid(), contact.uuid(), channel.uuid());
        for sql in [
            format!(
                "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at, preview) \
                 values ('{org}', '{conversation}', '{at}', 'instagram', '{who}', '{handle}', now(), '{word}')"
            ),
            format!(
                "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, body, state, at) \
                 values ('{org}', gen_random_uuid(), '{conversation}', '{at}', 'inbound', 'contact', 'I am {word}', 'received', now())"
            ),
            format!(
                "insert into notes (org_id, id, conversation_id, author_id, body) values ('{org}', gen_random_uuid(), '{conversation}', gen_random_uuid(), '{word}')"
            ),
            format!("insert into labels (org_id, conversation_id, label) values ('{org}', '{conversation}', '{word}')"),
            format!(
                "insert into leads (org_id, id, contact_id, conversation_id, summary) values ('{org}', '{lead}', '{who}', '{conversation}', '{word}')"
            ),
            format!(
                "insert into activities (org_id, id, lead_id, kind, title, by_actor) values ('{org}', gen_random_uuid(), '{lead}', 'note', '{word}', 'system')"
            ),
            format!(
                "insert into open_waits (org_id, conversation_id, contact_id, channel, since) values ('{org}', '{conversation}', '{who}', 'instagram', now())"
            ),
            format!(
                "insert into receipts (org_id, id, channel_id, event_key, raw, handled_at) values \
                 ('{org}', gen_random_uuid(), '{at}', '{handle}', '{{\"sender\": {{\"id\": \"{handle}\"}}, \"text\": \"{word}\"}}', now())"
            ),
        ] {
            self.arrange(sql).await;
        }
        Somebody { contact, word }
    }

    async fn arrange(&self, sql: String) {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut self.web.db.owner().await).await.expect("arranged");
    }

    /// Every row of the organisation but those that say what was done.
    async fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let mut owner = self.web.db.owner().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped \
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition \
             and c.relname not in ('privacy_erasures', 'audit_log', 'audit_heads', 'events', 'jobs')",
        )
        .fetch_all(&mut owner)
        .await
        .expect("the catalogue");
        let mut all = BTreeMap::new();
        for table in tables {
            let sql = format!("select t::text from \"{table}\" t where org_id = '{}' order by 1", self.org.uuid());
            let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut owner).await.expect("a table");
            all.insert(table, rows);
        }
        all
    }

    /// Whose words are found.
    async fn found(&self) -> BTreeSet<usize> {
        let probes: Vec<Probe> = self.people.iter().filter_map(|one| Probe::new(&one.word)).collect();
        let openers = holders(&self.web.kernel).openers();
        let hits = find(&self.web.kernel, self.org, &probes, &openers).await.expect("everything can be searched");
        let known = |word: &str| self.people.iter().position(|one| one.word == word).expect("a word of ours");
        hits.iter().map(|hit| known(&hit.probe)).collect()
    }

    /// Two become one; false when one of them is part of another already.
    async fn merge(&mut self, kept: usize, other: usize) {
        let path = format!("/v2/contacts/{}/merge", self.people[kept].contact);
        let body = json!({ "other": self.people[other].contact });
        let answer = self.web.post(&self.admin, &path, &body).await;
        assert!([201, 409].contains(&answer.status), "{}", answer.text);
        if answer.status == 201 {
            for follower in self.rooms.followers() {
                catch_up(&self.web.kernel.db, follower.as_ref()).await.expect("it follows");
            }
            let (from, to) = (self.family[other], self.family[kept]);
            self.family.iter_mut().filter(|family| **family == from).for_each(|family| *family = to);
        }
    }

    async fn hide(&self, who: usize) -> String {
        let body = json!({ "contact_id": self.people[who].contact });
        let answer = self.web.post(&self.admin, "/v2/privacy/erasures", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        format!("/v2/privacy/erasures/{}", answer.json()["id"].as_str().expect("an id"))
    }

    async fn undo(&self, erasure: &str) {
        let answer = self.web.call(&self.admin, "DELETE".parse().expect("a method"), erasure, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

async fn run(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut world = World::new().await;
    let mut living: BTreeSet<usize> = (0..PEOPLE).collect();
    for step in 0..STEPS {
        let all: Vec<usize> = living.iter().copied().collect();
        if all.is_empty() {
            break;
        }
        let mut any = || all[dice.random_range(0..all.len())];
        let (who, other) = (any(), any());
        match dice.random_range(0..4) {
            0 | 1 if who != other => world.merge(who, other).await,
            2 => {
                let before = world.rows().await;
                let erasure = world.hide(who).await;
                world.undo(&erasure).await;
                assert_eq!(world.rows().await, before, "seed {seed}, step {step}: undone, and not as it was");
            }
            _ => {
                if dice.random_bool(0.5) {
                    world.hide(who).await;
                }
                let contact = world.people[who].contact;
                erase_now(world.rooms.identity(), world.org, contact).await.expect("erased");
                let family = world.family[who];
                living.retain(|one| world.family[*one] != family);
            }
        }
        assert_eq!(world.found().await, living, "seed {seed}, step {step}: who is found is who was not erased");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_restores_every_row_and_erasing_leaves_nothing_of_one_and_all_of_the_others() {
    for seed in 0..4 {
        run(seed).await;
    }
}
