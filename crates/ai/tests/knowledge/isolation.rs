use ai::answer::BrandVoice;
use ai::knowledge::{Content, delete, list, reindex, show};
use kernel::ledger::Actor;

use super::setup::World;

#[tokio::test]
async fn another_organisation_sees_and_changes_nothing() {
    let w = World::new().await;
    let other = w.db.org(&w.kernel, "Fairlane Auto Care").await;
    let id = w.add(w.org, "Secret", Content::Text("# Margin\nOur margin on crowns is 61 percent.\n".to_owned())).await;
    let mut tx = w.kernel.db.begin(other).await.unwrap();
    assert!(show(&mut tx, id).await.unwrap().is_none());
    assert!(list(&mut tx, None, 10).await.unwrap().is_empty());
    assert!(!delete(&mut tx, id, Actor::System).await.unwrap());
    assert!(!reindex(&mut tx, id).await.unwrap());
    tx.commit().await.unwrap();
    // The owner asks first, so that a cache that mixed organisations up would have something to leak.
    let voice = BrandVoice::default();
    assert!(!w.retriever.ask(w.org, "What is the margin on crowns?", "en", &voice, 3).await.unwrap().chunks.is_empty());
    assert!(w.retriever.ask(other, "What is the margin on crowns?", "en", &voice, 3).await.unwrap().chunks.is_empty());
}
