use ai::gateway::Unanswered;
use standins::Fault;

use crate::world::{World, error, plain, quirk};

#[tokio::test]
async fn a_streamed_answer_is_settled_and_recorded() {
    let world = World::with(1).await;
    let mut decision = world.decision();
    let mut stream = world.gateway.stream(&mut decision, plain()).await.expect("a stream");
    let (_, aside) = world.spent_today().await;
    assert!(aside.tokens > 0, "it is set aside while it runs");
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text.push_str(&piece);
    }
    let answered = stream.finish(&mut decision).await.expect("whole");
    assert_eq!(answered.completion.text(), Some(text.as_str()));
    let call = decision.model_calls().next().expect("a call");
    let (used, aside) = world.spent_today().await;
    assert_eq!((used.tokens, aside.tokens), ((call.tokens_in + call.tokens_out).cast_signed(), 0));
    assert_eq!(decision.stages[0].output["text"], text.as_str());
}

#[tokio::test]
async fn a_provider_that_does_not_begin_is_passed_over() {
    let world = World::with(2).await;
    world.fail(0, 1, Fault::Status { status: 503, retry_after: None });
    let mut decision = world.decision();
    let mut stream = world.gateway.stream(&mut decision, plain()).await.expect("a stream");
    while stream.next().await.is_some() {}
    assert_eq!(stream.finish(&mut decision).await.expect("whole").provider, "second");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error_and_pays_for_what_came() {
    let world = World::with(1).await;
    world.fail(0, 1, quirk("cut_stream"));
    let mut decision = world.decision();
    let mut stream = world.gateway.stream(&mut decision, plain()).await.expect("a stream");
    while stream.next().await.is_some() {}
    let broke = stream.finish(&mut decision).await;
    assert!(matches!(broke, Err(Unanswered::Failed(_))), "{broke:?}");
    let (used, aside) = world.spent_today().await;
    assert!(used.tokens > 0 && aside.tokens == 0, "{used:?}");
    assert!(decision.stages[0].output["broke_off"].is_string());
}

#[tokio::test]
async fn a_dropped_stream_pays_for_what_came() {
    let world = World::with(1).await;
    let mut decision = world.decision();
    let mut stream = world.gateway.stream(&mut decision, plain()).await.expect("a stream");
    stream.next().await.expect("a piece");
    let (_, aside) = world.spent_today().await;
    drop(stream);
    let settled = || async {
        let (used, left) = world.spent_today().await;
        (left.tokens == 0).then_some(used)
    };
    let used = kernel::testing::until("the dropped stream to be settled", settled).await;
    assert!(used.tokens > 0 && used.tokens < aside.tokens, "less than was set aside: {used:?} of {aside:?}");
}

#[tokio::test]
async fn when_all_rest_nothing_is_sent_and_nothing_is_spent() {
    let world = World::with(1).await;
    world.fail(0, 1, error("insufficient_quota"));
    let mut decision = world.decision();
    let failed = world.gateway.stream(&mut decision, plain()).await.err();
    assert!(matches!(failed, Some(Unanswered::Failed(_))), "{failed:?}");
    let resting = world.gateway.stream(&mut world.decision(), plain()).await.err();
    assert!(matches!(resting, Some(Unanswered::AllResting)), "{resting:?}");
    assert_eq!((world.asked(0), world.spent_today().await.0.tokens), (1, 0));
    assert!(decision.stages[0].output["unanswered"].is_string(), "the failure is recorded");
}
