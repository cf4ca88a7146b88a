//! What became of answers is written on the messages that it became of.

use kernel::queue::Lane;
use sqlx::Connection;
use standins::{Fault, Rule};

use crate::house::House;

const ASHA: &str = "7800000000000001";
const BO: &str = "7800000000000002";
const QUESTION: &str = "What are your opening hours?";

const OF_ASHA: &str = "select m.platform_id from messages m join conversations c on c.org_id = m.org_id and c.id = m.conversation_id \
    where m.writer = 'bot' and m.state = 'sent' and m.sent_at is not null and m.announced and c.recipient = '7800000000000001'";
const OF_BO: &str = "select m.platform_id from messages m join conversations c on c.org_id = m.org_id and c.id = m.conversation_id \
    where m.writer = 'bot' and m.state = 'sent' and m.sent_at is not null and m.announced and c.recipient = '7800000000000002'";
const FOREIGN: &str = "select count(*) from messages where writer = 'native_app'";

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_sent_together_have_each_their_own_id() {
    let house = House::new().await;
    house.writes(ASHA, QUESTION).await;
    house.writes(BO, QUESTION).await;
    while house.run(Lane::Inbound).await > 0 {}
    assert_eq!(house.run(Lane::Outbound).await, 2);
    assert_eq!(house.seen_ids(ASHA), [house.value::<String>(OF_ASHA).await]);
    assert_eq!(house.seen_ids(BO), [house.value::<String>(OF_BO).await]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_has_to_wait_for_the_platform_says_why() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    house.world.meta.fail(Rule::next("POST */messages", 1, Fault::Error { name: "613".into(), retry_after: None }));
    house.run(Lane::Outbound).await;
    let waits = "select state = 'queued' and state_code = '613' and state_detail = 'waiting for the platform''s rate limit' \
        and platform_id is null and sent_at is null and not announced from messages where writer = 'bot'";
    assert!(house.value::<bool>(waits).await);
    assert_eq!(house.seen(ASHA), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_that_was_taken_for_a_persons_message_makes_room_for_the_answer_it_was_of() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    // Whoever reads its thread holds the answer's record back, but not the call.
    let mut owner = house.owner().await;
    let mut reader = owner.begin().await.expect("a transaction");
    sqlx::query("select 1 from conversations for share").execute(&mut *reader).await.expect("it is held");
    let sending = tokio::spawn({
        let house = house.clone();
        async move { house.run(Lane::Outbound).await }
    });
    let mid = kernel::testing::until("the answer", || async { house.seen_ids(ASHA).pop() }).await;
    sqlx::query(
        "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, platform_id, body, state, at) \
         select org_id, gen_random_uuid(), conversation_id, channel_id, 'outbound', 'native_app', $1::text, 'In other words', 'sent', now() \
         from messages where writer = 'bot'",
    )
    .bind(&mid)
    .execute(&mut *reader)
    .await
    .expect("the echo stands as a message");
    reader.commit().await.expect("it is there");
    assert_eq!(sending.await.expect("it ran"), 1);
    assert_eq!(house.value::<String>(OF_ASHA).await, mid);
    assert_eq!(house.value::<i64>(FOREIGN).await, 0);
    owner.close().await.expect("closed");
}
