//! Chats of an organisation's own site: brought before people once, answered once.

mod house;

use chrono::TimeDelta;
use kernel::ids::ChatId;
use kernel::queue::Lane;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_comes_in_once_however_often_it_is_brought() {
    let house = House::new().await;
    let chat = ChatId::new(&house.web.kernel.clock);
    let mut said = house.said(&[
        (true, "Hello. Ask me anything."),
        (false, "What does it cost?"),
        (true, "It is free."),
        (false, "A person, please"),
    ]);
    let (conversation, _) = house.brings(chat, None, &said).await;
    for _ in 0..2 {
        assert_eq!(house.brings(chat, None, &said).await.0, conversation);
    }
    assert_eq!(house.count("select count(*) from messages").await, 4);
    assert_eq!(
        house.count("select count(*) from messages where direction = 'inbound' and state = 'received'").await,
        2
    );
    assert_eq!(house.count("select count(*) from messages where writer = 'bot' and state = 'sent'").await, 2);
    let stands = "select count(*) from conversations where status = 'needs_human' and holder = 'human' and escalation = 'asked_for_person' \
                  and inbound_count = 2 and waiting_since is not null and first_answered_at is not null and window_from is not null";
    assert_eq!(house.count(stands).await, 1);
    for (kind, times) in [
        ("channel.connected", 1),
        ("conversation.opened", 1),
        ("conversation.escalated", 1),
        ("conversation.taken_over", 1),
        ("message.received", 2),
        ("message.understood", 2),
        ("message.sent", 2),
    ] {
        assert_eq!(house.facts(kind).await, times, "{kind}");
    }
    // The bot is silent: no turn of it waits, and nothing goes out.
    assert_eq!(house.count("select count(*) from jobs where kind in ('inbound.turn', 'outbound.send')").await, 0);

    said.extend(house.said(&[(false, "Are you there?")]));
    house.brings(chat, None, &said).await;
    assert_eq!(house.count("select count(*) from messages").await, 5);
    assert_eq!(house.facts("conversation.taken_over").await, 1, "the pen is at people already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_reply_reaches_the_chat_once_even_when_its_fate_was_in_doubt() {
    let house = House::new().await;
    let chat = ChatId::new(&house.web.kernel.clock);
    let (conversation, _) = house.brings(chat, None, &house.said(&[(false, "A person, please")])).await;
    let answer = house.replies(conversation, "Hello, this is Dana.").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(house.count("select count(*) from conversations where status = 'open'").await, 1, "it has its person");
    house.run(Lane::Outbound).await;
    let delivered = house.door.delivered();
    assert_eq!(delivered.len(), 1);
    assert_eq!((delivered[0].0, delivered[0].2.as_str()), (chat, "Hello, this is Dana."));
    assert_eq!(house.count("select count(*) from messages where state = 'sent' and writer = 'human'").await, 1);
    assert_eq!(house.count("select count(*) from conversations where waiting_since is null").await, 1);

    // As if the process had died between the call and its record: it is delivered again under the same id, which changes nothing there.
    let died = house.web.kernel.clock.now() - TimeDelta::minutes(1);
    house.set_sending(delivered[0].1, died).await;
    house.sends_again(delivered[0].1).await;
    for _ in 0..3 {
        house.run(Lane::Outbound).await;
    }
    let ids: std::collections::HashSet<_> = house.door.delivered().into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids.len(), 1, "one message, whatever happened");
    assert_eq!(house.count("select count(*) from messages where state = 'sent' and writer = 'human'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_a_chat_that_is_gone_is_a_persons_to_see() {
    let house = House::new().await;
    let chat = ChatId::new(&house.web.kernel.clock);
    let (conversation, _) = house.brings(chat, None, &house.said(&[(false, "A person, please")])).await;
    house.door.forget();
    house.replies(conversation, "Hello, this is Dana.").await;
    house.run(Lane::Outbound).await;
    assert_eq!(
        house.count("select count(*) from messages where state = 'failed' and state_code = 'chat_gone'").await,
        1
    );
    assert_eq!(house.count("select count(*) from conversations where status = 'needs_human'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pen_that_was_given_back_goes_to_people_with_the_next_word() {
    let house = House::new().await;
    let chat = ChatId::new(&house.web.kernel.clock);
    let mut said = house.said(&[(false, "A person, please")]);
    let (conversation, _) = house.brings(chat, None, &said).await;
    let token = house.token();
    let given_back = house
        .web
        .call(&token, axum::http::Method::DELETE, &format!("/v2/conversations/{conversation}/takeover"), None)
        .await;
    assert_eq!(given_back.status, 204, "{}", given_back.text);
    said.extend(house.said(&[(false, "Hello?")]));
    house.brings(chat, None, &said).await;
    assert_eq!(
        house.count("select count(*) from conversations where holder = 'human' and status = 'needs_human'").await,
        1
    );
    assert_eq!(house.facts("conversation.taken_over").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chats_again_under_the_same_address_goes_on_where_they_were() {
    let house = House::new().await;
    let (first, second) = (ChatId::new(&house.web.kernel.clock), ChatId::new(&house.web.kernel.clock));
    let (conversation, contact) = house.brings(first, Some("dana@example.com"), &house.said(&[(false, "One")])).await;
    let again = house.brings(second, Some("Dana@Example.com"), &house.said(&[(false, "Two")])).await;
    assert_eq!(again, (conversation, contact));
    house.replies(conversation, "Here I am.").await;
    house.run(Lane::Outbound).await;
    assert_eq!(house.door.delivered()[0].0, second, "the answer goes where they are now");
    assert_eq!(house.count("select count(*) from notes where body like '%make sure who it is%'").await, 1);
    let open = "select count(*) from conversations where recipient like '%dana%'";
    assert_eq!(house.count(open).await, 0, "no address stands in the open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_chat_that_was_let_go_is_connected_by_the_next_chat() {
    let house = House::new().await;
    house.brings(ChatId::new(&house.web.kernel.clock), None, &house.said(&[(false, "One")])).await;
    house.owner("update channels set status = 'disconnected'").await;
    house.brings(ChatId::new(&house.web.kernel.clock), None, &house.said(&[(false, "Two")])).await;
    assert_eq!(house.count("select count(*) from channels where kind = 'webchat' and status = 'connected'").await, 1);
    assert_eq!(house.facts("channel.connected").await, 2);
    let listed = house.web.get(&house.token(), "/v2/channels").await;
    assert!(listed.status == 200 && listed.text.contains("webchat"), "{}", listed.text);
}
