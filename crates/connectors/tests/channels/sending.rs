//! Sending to the stand-ins of Meta and X, with everything that can go wrong on the way.

use connectors::channel::{Action, ChannelKind, Failure, Found, RateScope, Refusal};
use standins::{Fault, Rule};

use crate::world::{Side, World};

#[tokio::test]
async fn a_text_arrives_once_with_our_key_where_there_is_a_place_for_it() {
    for side in Side::all() {
        let world = World::start().await;
        world.opened(&side);
        let sent = world
            .send(&side, "Yes, at 10:00.")
            .await
            .unwrap_or_else(|failure| panic!("{:?}: {failure:?}", side.account));
        let seen = world.seen(&side);
        assert_eq!(seen.len(), 1, "{:?}", side.account);
        assert_eq!(seen[0].0, sent.platform_id);
        let carries = matches!(side.account.channel, ChannelKind::Facebook | ChannelKind::Whatsapp);
        assert_eq!(seen[0].1.as_deref(), carries.then_some("msg_key_1"), "{:?}", side.account);
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_is_unknown_and_can_be_found() {
    for side in [Side::facebook(), Side::instagram_by_page(), Side::whatsapp(), Side::x(), Side::x_signed()] {
        let world = World::start().await;
        world.opened(&side);
        world.meta.fail(Rule::next("POST */messages", 1, Fault::LoseAnswer));
        world.x.fail(Rule::next("POST */messages", 1, Fault::LoseAnswer));
        let failure = world.send(&side, "Tea & cake").await.expect_err("lost");
        assert!(matches!(failure, Failure::Unknown { .. }), "{:?}: {failure:?}", side.account);
        let seen = world.seen(&side);
        assert_eq!(seen.len(), 1, "the effect happened");
        let found = world.find(&side, "Tea & cake", &[]).await;
        if side.account.channel == ChannelKind::Whatsapp {
            assert!(matches!(found, Found::CannotTell { .. }));
            continue;
        }
        assert_eq!(found, Found::Sent { platform_id: seen[0].0.clone() }, "{:?}", side.account);
        assert_eq!(world.find(&side, "Tea & cake", &[seen[0].0.clone()]).await, Found::NotThere, "{:?}", side.account);
        // Meta lets a page ask twice a second.
        world.meta.advance(chrono::Duration::seconds(2));
        assert_eq!(world.find(&side, "Never sent", &[]).await, Found::NotThere, "{:?}", side.account);
    }
}

#[tokio::test]
async fn hanging_and_broken_answers_are_unknown() {
    let world = World::start().await;
    let side = Side::facebook();
    world.opened(&side);
    for fault in [Fault::Hang, Fault::CutBody { after: 5 }, Fault::Close] {
        world.meta.fail(Rule::next("POST */messages", 1, fault.clone()));
        let failure = world.send(&side, "x").await.expect_err("no whole answer");
        assert!(failure.may_have_happened(), "{fault:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_platform_that_is_not_there_got_nothing() {
    let world = World::start().await;
    let side = Side::facebook();
    let World { meta, x, channels } = world;
    drop((meta, x));
    // The stand-in needs a moment to close its door; until then the answer is lost, never a success.
    for _ in 0..500 {
        let outcome =
            channels.send(&side.account, &side.credentials, &side.recipient, &crate::world::outgoing("x")).await;
        if matches!(outcome, Err(Failure::NotSent { .. })) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never NotSent");
}

#[tokio::test]
async fn errors_are_told_apart_by_what_to_do() {
    let world = World::start().await;
    let side = Side::facebook();
    world.opened(&side);
    let mut outcomes = Vec::new();
    for name in ["10/2018278", "613", "190", "551", "2"] {
        world.meta.fail(Rule::next("POST */messages", 1, Fault::Error { name: name.to_owned(), retry_after: None }));
        outcomes.push(world.send(&side, "x").await.expect_err(name));
    }
    assert!(matches!(outcomes[0], Failure::Refused { class: Refusal::WindowClosed, .. }), "{outcomes:?}");
    assert!(matches!(outcomes[1], Failure::RateLimited { scope: RateScope::Channel, .. }), "{outcomes:?}");
    assert!(matches!(outcomes[2], Failure::Reauthorise { .. }), "{outcomes:?}");
    assert!(matches!(outcomes[3], Failure::Refused { class: Refusal::RecipientUnavailable, .. }), "{outcomes:?}");
    assert!(matches!(outcomes[4], Failure::NotSent { .. }), "{outcomes:?}");
    assert!(world.seen(&side).is_empty());
}

#[tokio::test]
async fn whatsapp_says_when_only_a_template_may_be_sent_and_who_is_written_to_too_often() {
    let world = World::start().await;
    let side = Side::whatsapp();
    let closed = world.send(&side, "x").await.expect_err("no window");
    assert!(
        matches!(&closed, Failure::Refused { class: Refusal::WindowClosed, code, .. } if code == "131047"),
        "{closed:?}"
    );
    world.opened(&side);
    for (name, scope) in [("131056", RateScope::Recipient), ("130429", RateScope::Channel)] {
        world.meta.fail(Rule::next("POST */messages", 1, Fault::Error { name: name.to_owned(), retry_after: None }));
        let limited = world.send(&side, "x").await.expect_err(name);
        assert!(matches!(&limited, Failure::RateLimited { scope: s, .. } if *s == scope), "{limited:?}");
    }
}

#[tokio::test]
async fn wrong_tokens_ask_for_a_person_and_limits_of_x_say_when() {
    let world = World::start().await;
    for side in [Side::facebook(), Side::whatsapp(), Side::x(), Side::x_signed()] {
        let mut side = side;
        side.credentials.access_token = kernel::config::Secret::new("EAAwrong");
        let failure = world.send(&side, "x").await.expect_err("a wrong token");
        assert!(matches!(failure, Failure::Reauthorise { .. }), "{:?}: {failure:?}", side.account);
    }
    let side = Side::x();
    world.opened(&side);
    for _ in 0..15 {
        world.send(&side, "x").await.expect("within the limit");
    }
    let limited = world.send(&side, "x").await.expect_err("over the limit");
    let Failure::RateLimited { retry_after: Some(wait), scope: RateScope::Channel, .. } = limited else {
        panic!("{limited:?}")
    };
    assert!((1..=900).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn typing_and_read_marks_are_shown() {
    let world = World::start().await;
    for side in Side::all() {
        world.opened(&side);
        let heard = || {
            let threads = if side.account.channel == ChannelKind::X { &world.x.threads } else { &world.meta.threads };
            threads.since(0).into_iter().rev().find(|m| m.account == side.account.id).map(|m| m.id)
        };
        for action in [Action::Typing { mid: heard() }, Action::Seen { mid: heard() }] {
            let shown = world.channels.act(&side.account, &side.credentials, &side.recipient, &action).await;
            assert_eq!(shown, Ok(()), "{:?} {action:?}", side.account);
        }
    }
}
