//! Conversations follow a merge of contacts and go back exactly when it is undone.

use inbox::ContactMerges;
use kernel::db::OrgTx;
use kernel::ids::ContactId;
use kernel::ledger::{Actor, Event, Fact, Subject, catch_up};
use kernel::testing::until;

use crate::house::House;

const DIGEST: &str = "select md5(string_agg(c::text, '|' order by id)) from conversations c";

async fn tell(house: &House, facts: Vec<Fact>) {
    let mut tx: OrgTx = house.core.kernel.db.begin(house.org).await.expect("a transaction");
    for fact in facts {
        tx.append(Event::new(Subject::Org(house.org), Actor::System, fact));
    }
    tx.commit().await.expect("committed");
    until("the ledger to be settled", || async {
        let open = "select count(*) from events where xact_id >= pg_snapshot_xmin(pg_current_snapshot())";
        (house.value::<i64>(open).await == 0).then_some(())
    })
    .await;
    catch_up(&house.core.kernel.db, &ContactMerges).await.expect("it follows");
}

async fn contact(house: &House, recipient: &'static str) -> ContactId {
    let mut owner = house.web.db.owner().await;
    sqlx::query_scalar("select contact_id from conversations where recipient = $1")
        .bind(recipient)
        .fetch_one(&mut owner)
        .await
        .expect("one")
}

#[tokio::test]
async fn they_go_over_and_come_back_through_two_merges() {
    let house = House::new().await;
    house.connects("facebook").await;
    house.connects("x").await;
    // Ana writes on the page, Ben on X, and Cleo on both.
    house
        .arrange(
            "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, last_message_at) \
             select c.org_id, gen_random_uuid(), c.id, c.kind, p.contact, p.recipient, now() from channels c join (values \
               ('facebook', '01890000-0000-7000-8000-00000000000a'::uuid, 'ana'), ('x', '01890000-0000-7000-8000-00000000000b', 'ben'), \
               ('facebook', '01890000-0000-7000-8000-00000000000c', 'cleo'), ('x', '01890000-0000-7000-8000-00000000000c', 'cleo x')) \
               as p (kind, contact, recipient) using (kind)",
        )
        .await;
    let before: String = house.value(DIGEST).await;
    let (ana, ben, cleo) = (contact(&house, "ana").await, contact(&house, "ben").await, contact(&house, "cleo").await);
    tell(&house, vec![Fact::ContactMerged { kept: ben, merged: ana }]).await;
    assert_eq!(contact(&house, "ana").await, ben);
    tell(&house, vec![Fact::ContactMerged { kept: cleo, merged: ben }]).await;
    assert_eq!(contact(&house, "ana").await, ben, "Cleo has a thread of her own on the page");
    tell(
        &house,
        vec![Fact::ContactUnmerged { kept: cleo, restored: ben }, Fact::ContactUnmerged { kept: ben, restored: ana }],
    )
    .await;
    assert_eq!(house.value::<String>(DIGEST).await, before);
}
