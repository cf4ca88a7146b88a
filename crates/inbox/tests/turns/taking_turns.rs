//! Every message is answered, each once, whatever comes between.

use kernel::queue::Lane;
use standins::{Fault, Rule};

use crate::house::House;

const ASHA: &str = "7800000000000001";
const BO: &str = "7800000000000002";
const QUESTION: &str = "What are your opening hours?";

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_leaves_the_unsent_answer_alone() {
    let house = House::new().await;
    house.world.meta.manners(|manners| {
        manners.echoes = true;
        manners.echo_delay_ms = 400;
    });
    house.hears(ASHA, "Good morning!").await;
    house.run(Lane::Outbound).await;
    // The echo is on its way while the question is read; it comes when the answer is not sent yet.
    house.begins_to_write(ASHA, QUESTION);
    house.until("the question", "select exists (select from jobs where lane = 'inbound')").await;
    house.run(Lane::Inbound).await;
    house.run(Lane::Ai).await;
    house.world.quiet().await;
    house.run(Lane::Inbound).await;
    house.run(Lane::Outbound).await;
    let seen = house.seen(ASHA);
    assert!(seen.len() == 2 && seen[1].contains("Monday"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_words_void_the_unsent_answer_and_one_answers_both() {
    let house = House::new().await;
    house.hears(ASHA, QUESTION).await;
    assert_eq!(house.value::<i64>("select count(*) from messages where state = 'queued'").await, 1);
    house.hears(ASHA, "I mean, what are your opening hours on a Monday?").await;
    assert_eq!(house.value::<i64>("select count(*) from messages where state_code = 'superseded'").await, 1);
    house.answers().await;
    house.answers().await;
    assert_eq!(house.seen(ASHA).len(), 1, "{:?}", house.seen(ASHA));
    assert!(house.value::<bool>("select waiting_since is null from conversations").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_the_answer_to_a_newer_message_is_answered_too() {
    let house = House::new().await;
    house.world.meta.manners(|manners| {
        manners.reorder = 1.0;
        manners.reorder_ms = 400;
    });
    house.begins_to_write(ASHA, "opening hours");
    house.world.meta.manners(|manners| manners.reorder = 0.0);
    house.begins_to_write(ASHA, "Good morning!");
    house.until("the newer message", "select exists (select from jobs where lane = 'inbound')").await;
    house.run(Lane::Inbound).await;
    house.answers().await;
    house.world.quiet().await;
    house.run(Lane::Inbound).await;
    house.answers().await;
    let seen = house.seen(ASHA);
    assert!(seen.iter().any(|text| text.contains("Monday")), "{seen:?}");
    assert!(house.value::<bool>("select waiting_since is null from conversations").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_call_does_not_keep_the_others_in_doubt() {
    let house = House::new().await;
    house.writes(ASHA, QUESTION).await;
    house.hears(BO, QUESTION).await;
    house.world.meta.fail(Rule::next("POST */messages", 1, Fault::Hang));
    let sending = tokio::spawn({
        let house = house.clone();
        async move { house.run(Lane::Outbound).await }
    });
    house
        .until(
            "one sent, one under way",
            "select array_agg(state order by state) = array['sending', 'sent'] from messages where direction = 'outbound'",
        )
        .await;
    sending.abort();
    assert_eq!(house.seen(ASHA).len() + house.seen(BO).len(), 1);
}
