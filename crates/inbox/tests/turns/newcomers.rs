//! Somebody new: their conversation is written once, with their first words, and there is never a second one.

use kernel::queue::Lane;
use sqlx::Connection;

use crate::house::House;

const ASHA: &str = "7800000000000001";
const BO: &str = "7800000000000002";
const CY: &str = "7800000000000003";
const QUESTION: &str = "What are your opening hours?";

const HEARD: &str = "select count(*) from messages where writer = 'contact'";
const LEFT: &str = "select count(*) from receipts where handled_at is null";
const GROUPS: &str = "select count(*) from jobs where kind = 'inbound.receive_group'";
const SINGLES: &str = "select count(*) from jobs where kind = 'inbound.receive'";
/// Whether no conversation was written again after its messages were there: the commands of a transaction are counted.
const WRITTEN_ONCE: &str = "select bool_and(c.xmin = m.xmin and c.cmin::text::bigint < m.cmin::text::bigint) from conversations c \
    join messages m on m.org_id = c.org_id and m.conversation_id = c.id";
/// Whether anybody waits for somebody else in this database.
const SOMEBODY_WAITS: &str = "select exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid \
    where not l.granted and l.locktype = 'transactionid' and a.datname = current_database())";

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_of_somebody_new_is_written_once_and_whole() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -20), house.says(BO, "m_2", QUESTION, -10)]).await;
    while house.value::<i64>(GROUPS).await > 0 {
        assert!(house.run(Lane::Inbound).await > 0);
    }
    assert!(house.value::<bool>(WRITTEN_ONCE).await);
    let whole = "select count(*) = 2 and bool_and(status = 'open' and holder = 'bot' and fence = 1 and turn = 1 and quiet_turn = 0 \
          and inbound_count = 1 and unread = 1 and channel_kind = 'facebook' and last_writer = 'bot' and waiting_since = last_inbound_at \
          and window_from = last_inbound_at and last_message_at >= last_inbound_at and sentiment is not null) \
        from conversations";
    assert!(house.value::<bool>(whole).await);
    let recipients = "select array_agg(recipient order by recipient) = array['7800000000000001', '7800000000000002'] from conversations";
    assert!(house.value::<bool>(recipients).await);
    let answers = "select count(*) = 2 and bool_and(turn = 1) from messages where writer = 'bot' and state = 'queued'";
    assert!(house.value::<bool>(answers).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_of_somebody_new_count_once_though_they_are_told_twice() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -20), house.presses(ASHA, "m_1", QUESTION, -10)]).await;
    assert_eq!(house.value::<i32>("select jsonb_array_length(payload->'receipts') from jobs").await, 2);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(GROUPS).await, house.value::<i64>(SINGLES).await), (0, 0), "there was no trouble");
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (1, 0));
    assert!(house.value::<bool>("select inbound_count = 1 and unread = 1 from conversations").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_stand_elsewhere_already_hold_nobody_back() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -30)]).await;
    assert_eq!(house.run(Lane::Inbound).await, 1);
    let elsewhere = "update messages set platform_id = 'm_2' where writer = 'contact' returning true";
    assert!(house.value::<bool>(elsewhere).await);
    house.delivers(&[house.says(BO, "m_2", QUESTION, -20), house.says(CY, "m_3", QUESTION, -10)]).await;
    // Whichever shards they are in, each is handled in the end.
    for _ in 0..4 {
        house.run(Lane::Inbound).await;
    }
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (2, 0));
    assert_eq!(house.value::<i64>("select count(*) from jobs where lane = 'inbound'").await, 0);
    let counts = "select array_agg(inbound_count order by recipient) = array[1, 0, 1] from conversations";
    assert!(house.value::<bool>(counts).await, "nothing is counted that was not written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_somebody_else_opens_meanwhile_is_the_one() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -30)]).await;
    assert_eq!(house.run(Lane::Inbound).await, 1);
    // The conversation is out of the way, and comes to be there while the next words are handled.
    let away =
        "update conversations set merged_from = array[contact_id], contact_id = gen_random_uuid() returning true";
    assert!(house.value::<bool>(away).await);
    let mut owner = house.owner().await;
    let mut elsewhere = owner.begin().await.expect("a transaction");
    let back = "update conversations set contact_id = merged_from[1]";
    sqlx::query(back).execute(&mut *elsewhere).await.expect("it is put back");
    house.delivers(&[house.says(ASHA, "m_2", QUESTION, -10)]).await;
    let handling = tokio::spawn({
        let house = house.clone();
        async move { house.run(Lane::Inbound).await }
    });
    house.until("the second is waited for", SOMEBODY_WAITS).await;
    elsewhere.commit().await.expect("it is there");
    assert_eq!(handling.await.expect("it ran"), 1);
    assert_eq!((house.value::<i64>(GROUPS).await, house.value::<i64>(SINGLES).await), (0, 1), "it is done again");
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (2, 0));
    let one = "select count(*) = 1 and max(inbound_count) = 2 from conversations";
    assert!(house.value::<bool>(one).await);
    owner.close().await.expect("closed");
}
