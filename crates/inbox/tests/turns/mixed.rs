//! One delivery of the platform with both voices in it: what a customer wrote, and what a person answered in the platform's own app.

use kernel::queue::Lane;

use crate::house::House;

const ASHA: &str = "7800000000000001";
const BO: &str = "7800000000000002";
const TO_BO: &str = "select count(*) from messages m join conversations c on c.org_id = m.org_id and c.id = m.conversation_id \
    where m.writer = 'bot' and c.recipient = '7800000000000002'";
const QUESTION: &str = "What are your opening hours?";

const VOICES: &str = "select string_agg(writer, ' ' order by at) from messages where writer <> 'bot'";
const OF_THE_BOT: &str = "select count(*) from messages where writer = 'bot' and state <> 'cancelled'";

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_from_the_app_that_comes_with_the_question_silences_the_bot() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -20), house.native(ASHA, "m_2", "From eight.", -10)]).await;
    assert_eq!(house.run(Lane::Inbound).await, 1, "one thread, one job");
    assert_eq!(house.value::<String>(VOICES).await, "contact native_app");
    assert!(
        house
            .value::<bool>(
                "select holder = 'human' and waiting_since is null and last_writer = 'native_app' from conversations"
            )
            .await,
        "a person answered"
    );
    house.answers().await;
    assert_eq!(house.value::<i64>(OF_THE_BOT).await, 0);
    assert_eq!(house.seen(ASHA), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_with_the_reply_before_it_waits_for_that_person() {
    let house = House::new().await;
    house
        .delivers(&[house.native(ASHA, "m_1", "How are you today?", -20), house.says(ASHA, "m_2", QUESTION, -10)])
        .await;
    assert_eq!(house.run(Lane::Inbound).await, 1, "one thread, one job");
    assert_eq!(house.value::<String>(VOICES).await, "native_app contact");
    house.answers().await;
    assert_eq!(house.seen(ASHA), Vec::<String>::new());
    assert!(
        house.value::<bool>("select holder = 'human' and waiting_since is not null from conversations").await,
        "whoever began goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn question_reply_question_keep_their_order_and_another_thread_is_answered_all_the_same() {
    let house = House::new().await;
    house
        .delivers(&[
            house.says(ASHA, "m_1", QUESTION, -40),
            house.says(BO, "m_2", QUESTION, -35),
            house.native(ASHA, "m_3", "From eight.", -30),
            house.says(ASHA, "m_4", "And what are your opening hours on a Monday?", -20),
        ])
        .await;
    house.run(Lane::Inbound).await;
    house.answers().await;
    assert_eq!(house.seen(ASHA), Vec::<String>::new());
    // The stand-in takes no message to somebody who never wrote there: the answer is looked for where it was written.
    assert_eq!(house.value::<i64>(TO_BO).await, 1, "the other thread has its answer");
    assert!(
        house
            .value::<bool>(
                "select c.holder = 'human' and c.waiting_since = (select max(m.at) from messages m \
                   where m.conversation_id = c.id and m.direction = 'inbound') \
                 from conversations c where c.recipient = '7800000000000001'"
            )
            .await,
        "the second question waits, the first was answered"
    );
}
