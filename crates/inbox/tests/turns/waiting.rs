//! Who waits for an answer, and since when.

use kernel::queue::Lane;
use standins::{Fault, Rule};

use crate::house::House;

const ASHA: &str = "7800000000000001";
const QUESTION: &str = "What are your opening hours?";
const UNKNOWN: &str = "Could you repair the gearbox of my tractor next month?";

#[tokio::test(flavor = "multi_thread")]
async fn small_talk_leaves_nobody_waiting() {
    let house = House::new().await;
    house.writes(ASHA, "hi").await;
    house.hears(ASHA, "Good morning!").await;
    house.answers().await;
    assert_eq!(house.seen(ASHA).len(), 1);
    assert!(house.value::<bool>("select waiting_since is null and status = 'open' from conversations").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn thanks_for_the_holding_word_leave_the_question_waiting() {
    let house = House::new().await;
    house.hears(ASHA, UNKNOWN).await;
    // The word that a person will answer is not voided by what comes before it is sent.
    house.hears(ASHA, "Thank you very much!").await;
    house.answers().await;
    let seen = house.seen(ASHA);
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(
        house
            .value::<bool>(
                "select c.status = 'needs_human' and c.waiting_since = (select min(at) from messages where direction = 'inbound') from conversations c"
            )
            .await,
        "the question still waits"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_while_the_answer_is_on_its_way_waits_from_then() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    house.world.meta.fail(Rule::next("POST */messages", 1, Fault::Delay { ms: 600 }));
    let sending = tokio::spawn({
        let house = house.clone();
        async move { house.run(Lane::Outbound).await }
    });
    house.until("the call", "select exists (select from messages where state = 'sending')").await;
    house.hears(ASHA, UNKNOWN).await;
    assert_eq!(sending.await.expect("no panic"), 1);
    assert!(
        house
            .value::<bool>("select c.waiting_since = (select max(at) from messages where direction = 'inbound') from conversations c")
            .await
    );
}
