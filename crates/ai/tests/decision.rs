//! Decision records on a real database: kept, sealed, found, run again.

use std::time::Duration;

use ai::decision::{Decision, Stages, insert_many, load, of_conversation, replay, replay_with_model};
use ai::gateway::{Ask, Gateway};
use connectors::openai::chat::Message;
use kernel::config::{ProviderConfig, ProviderKind, Secret};
use kernel::ids::{ChunkId, ConversationId, DecisionId, MessageId, OrgId};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use serde_json::{Map, Value, json};
use standins::openai::{OpenAi, OpenAiConfig};

fn shout(taken: &Map<String, Value>) -> anyhow::Result<Value> {
    let text = taken["text"].as_str().ok_or_else(|| anyhow::anyhow!("no text"))?;
    Ok(json!({"loud": text.to_uppercase(), "score": f64::from(text.len() as f32 / 3.0)}))
}

fn stages() -> Stages {
    Stages::default()
        .with("shout", "1", shout)
        .with("count", "1", |taken| Ok(json!(taken["shout"]["loud"].as_str().map_or(0, str::len))))
}

fn made(org: OrgId, clock: &Clock) -> Decision {
    let mut decision =
        Decision::new(org, "reply", "policy.3", clock).about(ConversationId::new(clock), MessageId::new(clock));
    decision.input("text", "my phone is +1 555 0100");
    let output = shout(&decision.inputs).expect("it runs");
    decision.stage("shout", "1", &["text"], &output, Duration::from_micros(40));
    decision.stage("count", "1", &["shout"], &23, Duration::from_micros(2));
    decision.chunk(ChunkId::new(clock).uuid(), "We open at nine.");
    decision.conclude("replied", Some(0.8), &"We open at nine.");
    decision
}

async fn world() -> (TestDb, Kernel, OrgId) {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    (db, kernel, org)
}

async fn keep(kernel: &Kernel, decisions: &[Decision]) {
    let org = decisions[0].org;
    let vault = kernel.vault.of(org).await.expect("keys");
    let rows: Vec<_> = decisions.iter().map(|decision| decision.seal(&vault).expect("sealed")).collect();
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    insert_many(&mut tx, &rows).await.expect("inserted");
    insert_many(&mut tx, &rows).await.expect("again, without harm");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn what_is_kept_comes_back_whole_and_nothing_personal_is_in_the_open() {
    let (db, kernel, org) = world().await;
    let decisions: Vec<_> = (0..50).map(|_| made(org, &kernel.clock)).collect();
    keep(&kernel, &decisions).await;
    let vault = kernel.vault.of(org).await.expect("keys");
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    for decision in &decisions {
        let row = load(&mut tx, decision.id).await.expect("read").expect("there");
        assert_eq!(row.open(&vault).expect("opened"), *decision);
        assert_eq!((row.provider.as_str(), row.latency_us, row.outcome.as_str()), ("local", 42, "replied"));
    }
    let mut owner = db.owner().await;
    let shown: Vec<String> = sqlx::query_scalar(
        "select (ai_decisions - 'x')::text from (select to_jsonb(d) as ai_decisions from ai_decisions d) x",
    )
    .fetch_all(&mut owner)
    .await
    .expect("rows");
    assert_eq!(shown.len(), 50);
    assert!(shown.iter().all(|row| !row.contains("555 0100") && !row.contains("open at nine")));
    let hidden = hex::encode("555 0100");
    assert!(shown.iter().all(|row| !row.contains(&hidden)), "not even as bytes");
}

#[tokio::test]
async fn records_are_found_by_conversation_within_their_organisation() {
    let (db, kernel, org) = world().await;
    let decision = made(org, &kernel.clock);
    let conversation = decision.subject.conversation.unwrap();
    let mut second = made(org, &kernel.clock);
    second.subject.conversation = Some(conversation);
    keep(&kernel, &[decision.clone(), second.clone()]).await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let newest = of_conversation(&mut tx, conversation, None, 10).await.expect("read");
    assert_eq!(newest.iter().map(|found| found.id).collect::<Vec<_>>(), [second.id, decision.id]);
    let older = of_conversation(&mut tx, conversation, Some(second.id), 10).await.expect("read");
    assert_eq!(older.len(), 1);
    let whole = ai::decision::read(&kernel, org, decision.id).await.expect("read").expect("there");
    assert_eq!(whole, decision);
    drop(tx);
    let other = db.org(&kernel, "Other").await;
    assert!(ai::decision::read(&kernel, other, decision.id).await.expect("read").is_none());
    let mut tx = kernel.db.begin(other).await.expect("a transaction");
    assert!(load(&mut tx, decision.id).await.expect("read").is_none());
    assert!(of_conversation(&mut tx, conversation, None, 10).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_record_moved_to_another_row_or_organisation_does_not_open() {
    let (db, kernel, org) = world().await;
    let other = db.org(&kernel, "Other").await;
    let vault = kernel.vault.of(org).await.expect("keys");
    let mut row = made(org, &kernel.clock).seal(&vault).expect("sealed");
    assert!(row.open(&kernel.vault.of(other).await.expect("keys")).is_err());
    row.id = DecisionId::new(&kernel.clock);
    assert!(row.open(&vault).is_err());
}

#[tokio::test]
async fn an_unchanged_house_replays_the_same_and_a_changed_stage_shows_alone() {
    let (_db, kernel, org) = world().await;
    let decision = made(org, &kernel.clock);
    let vault = kernel.vault.of(org).await.expect("keys");
    let read_back = decision.seal(&vault).expect("sealed").open(&vault).expect("opened");
    let same = replay(&read_back, &stages());
    assert!(same.same, "{:?}", same.diff);
    assert_eq!(same.replayed, ["shout", "count"]);
    let changed = Stages::default()
        .with("shout", "2", |taken| Ok(json!({"loud": taken["text"], "new": 1, "score": 7.0})))
        .with("count", "1", |taken| Ok(json!(taken["shout"]["loud"].as_str().map_or(0, str::len))));
    let diff = replay(&read_back, &changed).diff;
    let paths: Vec<_> = diff.iter().map(|found| (found.stage.as_str(), found.path.as_str())).collect();
    assert_eq!(paths, [("shout", "/version"), ("shout", "/loud"), ("shout", "/score"), ("shout", "/new")]);
}

#[tokio::test]
async fn a_stage_that_fails_or_lacks_its_input_is_a_difference() {
    let (_db, kernel, org) = world().await;
    let mut decision = made(org, &kernel.clock);
    decision.inputs.clear();
    let replayed = replay(&decision, &stages());
    assert!(!replayed.same);
    assert!(replayed.diff[0].now.as_str().is_some_and(|why| why.contains("the record holds no text")));
    let unknown = replay(&decision, &Stages::default());
    assert!(unknown.same && unknown.from_record == ["shout", "count"], "nothing ran, and it says so");
}

#[tokio::test]
async fn a_models_answer_comes_from_the_record_or_is_asked_for_again() {
    let db = TestDb::new().await;
    let model = OpenAi::start(OpenAiConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let provider = ProviderConfig {
        name: "standin".into(),
        base_url: format!("{}/v1", model.base_url()),
        api_key: Secret::new("sk-standin-0001"),
        fast_model: "standin-fast".into(),
        quality_model: None,
        embedding_model: None,
        moderation_model: None,
        kind: ProviderKind::Openai,
        api_version: None,
        input_price: 1.0,
        output_price: 1.0,
    };
    let kernel = db.kernel_with(Clock::system(), |config| config.ai.providers = vec![provider]).await;
    let org = db.org(&kernel, "Northwind").await;
    let gateway = Gateway::new(&kernel, None);
    let mut decision = made(org, &kernel.clock);
    let messages = vec![Message::system("We open at nine in the morning."), Message::user("When do you open?")];
    gateway.ask(&mut decision, &Ask::new("model", "test.1", messages, 100)).await.expect("an answer");
    let row = decision.seal(&kernel.vault.of(org).await.expect("keys")).expect("sealed");
    assert_eq!((row.provider.as_str(), row.model.as_str()), ("standin", "standin-fast"));
    assert!(row.tokens_in > 0 && row.cost_micros > 0);
    let quiet = replay(&decision, &stages());
    assert!(quiet.same && quiet.from_record == ["model"] && model.requests().len() == 1, "{quiet:?}");
    let asked = replay_with_model(&decision, &stages(), &gateway).await;
    assert!(asked.same, "the stand-in says the same again: {:?}", asked.diff);
    assert_eq!((asked.replayed.last().map(String::as_str), model.requests().len()), (Some("model"), 2));
    decision.stages[2].output["text"] = "something else".into();
    assert_eq!(replay_with_model(&decision, &stages(), &gateway).await.diff[0].path, "/text");
}
