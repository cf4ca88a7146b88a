//! When something happened is written no finer than somebody looks at it.

use kernel::queue::Lane;

use crate::house::House;

const ASHA: &str = "7800000000000001";
const QUESTION: &str = "What are your opening hours?";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_soon_leaves_its_thread_where_it_stands_in_the_list() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    let moved =
        "update conversations set last_message_at = now() - interval '1 second' returning last_message_at::text";
    let stood: String = house.value(moved).await;
    assert_eq!(house.run(Lane::Outbound).await, 1);
    assert_eq!(house.value::<String>("select last_message_at::text from conversations").await, stood);
    let answered = "select last_outbound_at > last_message_at and last_writer = 'bot' and waiting_since is null from conversations";
    assert!(house.value::<bool>(answered).await, "it is answered all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_late_moves_its_thread() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    let moved = "update conversations set last_message_at = now() - interval '1 hour' returning true";
    assert!(house.value::<bool>(moved).await);
    assert_eq!(house.run(Lane::Outbound).await, 1);
    assert!(house.value::<bool>("select last_message_at = last_outbound_at from conversations").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_noted_as_heard_of_once_in_some_seconds() {
    let house = House::new().await;
    assert!(house.value::<bool>("select last_event_at is null from channels").await);
    house.hears(ASHA, QUESTION).await;
    let newest = "select last_event_at = (select max(received_at) from receipts) from channels";
    assert!(house.value::<bool>(newest).await);
    // Noted a moment ago: a second message changes nothing.
    let noted: String = house
        .value("update channels set last_event_at = now() - interval '1 second' returning last_event_at::text")
        .await;
    house.hears(ASHA, "And on Saturday?").await;
    assert_eq!(house.value::<String>("select last_event_at::text from channels").await, noted);
    let earlier = "update channels set last_event_at = now() - interval '1 minute' returning true";
    assert!(house.value::<bool>(earlier).await);
    house.hears(ASHA, "Or on Sunday?").await;
    assert!(house.value::<bool>(newest).await);
}
