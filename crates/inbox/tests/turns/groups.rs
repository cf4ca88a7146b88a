//! The deliveries of a commit are handled together, and in trouble one by one.

use kernel::queue::Lane;

use crate::house::House;

const ASHA: &str = "7800000000000001";
const BO: &str = "7800000000000002";
const CY: &str = "7800000000000003";
const QUESTION: &str = "What are your opening hours?";

const HEARD: &str = "select count(*) from messages where writer = 'contact'";
const LEFT: &str = "select count(*) from receipts where handled_at is null";
const GROUPS: &str = "select count(*) from jobs where kind = 'inbound.receive_group'";
/// Jobs of single deliveries, under their ids.
const SINGLES: &str = "select count(*) from jobs j join receipts r on r.org_id = j.org_id and r.id = j.id where j.kind = 'inbound.receive'";
/// Puts what waits into one group, whoever it is of.
const GATHER: &str = "with old as (delete from jobs where kind = 'inbound.receive_group' returning id), \
    one as (insert into jobs (org_id, id, lane, kind, key, payload) \
      select org_id, gen_random_uuid(), 'inbound', 'inbound.receive_group', 'shard:0', \
        jsonb_build_object('receipts', jsonb_agg(id order by id)) \
      from receipts where handled_at is null group by org_id returning id) \
    select count(*) from one";
const WORKER_DIED: &str = "update jobs set crashes = 1 where kind = 'inbound.receive_group' returning true";
const TRIED_BEFORE: &str = "update jobs set attempts = 1 where kind = 'inbound.receive_group' returning true";

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_one_body_and_thread_are_one_job_and_duplicates_make_none() {
    let house = House::new().await;
    let events = [("m_1", -30), ("m_2", -20), ("m_3", -10)].map(|(mid, at)| house.says(ASHA, mid, QUESTION, at));
    house.delivers(&events).await;
    assert_eq!(house.value::<i64>(GROUPS).await, 1);
    assert_eq!(house.value::<i32>("select jsonb_array_length(payload->'receipts') from jobs").await, 3);
    // The platform delivers again before it is handled, and after.
    house.delivers(&events).await;
    assert_eq!(house.run(Lane::Inbound).await, 1);
    house.delivers(&events).await;
    assert_eq!(house.value::<i64>(GROUPS).await, 0);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_delivery_ends_alone_and_its_neighbours_are_handled() {
    let house = House::new().await;
    house
        .delivers(&[
            house.says(ASHA, "m_1", QUESTION, -30),
            house.says(BO, "m_2", QUESTION, -20),
            house.says(CY, "m_3", QUESTION, -10),
        ])
        .await;
    assert_eq!(house.value::<i64>(GATHER).await, 1);
    house.refuses(BO, true);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(GROUPS).await, house.value::<i64>(SINGLES).await), (0, 3), "taken apart");
    assert_eq!(house.run(Lane::Inbound).await, 3);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (2, 1));
    let alone = "select count(*) = 1 and bool_and(attempts = 1 and last_error is not null) from jobs where kind = 'inbound.receive'";
    assert!(house.value::<bool>(alone).await, "the bad one is tried again, alone");
    house.refuses(BO, false);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (3, 0));
    assert_eq!(house.value::<i64>("select count(*) from jobs where lane = 'inbound'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_does_not_open_holds_nobody_back() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -20), house.says(BO, "m_2", QUESTION, -10)]).await;
    assert_eq!(house.value::<i64>(GATHER).await, 1);
    let damaged = "update receipts set sealed = '\\x00' where event_key like '%m_2' returning true";
    assert!(house.value::<bool>(damaged).await);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (1, 1));
    assert_eq!((house.value::<i64>(GROUPS).await, house.value::<i64>(SINGLES).await), (0, 1));
    assert_eq!(house.run(Lane::Inbound).await, 1);
    let alone = "select attempts = 1 and last_error is not null from jobs where kind = 'inbound.receive'";
    assert!(house.value::<bool>(alone).await, "it is tried again, alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_tried_before_is_taken_apart() {
    for trouble in [WORKER_DIED, TRIED_BEFORE] {
        let house = House::new().await;
        house.delivers(&[house.says(ASHA, "m_1", QUESTION, -20), house.says(BO, "m_2", QUESTION, -10)]).await;
        assert_eq!(house.value::<i64>(GATHER).await, 1);
        assert!(house.value::<bool>(trouble).await);
        assert_eq!(house.run(Lane::Inbound).await, 1);
        assert_eq!((house.value::<i64>(GROUPS).await, house.value::<i64>(SINGLES).await), (0, 2), "{trouble}");
        assert_eq!(house.value::<i64>(HEARD).await, 0);
        assert_eq!(house.run(Lane::Inbound).await, 2);
        assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (2, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overtakes_a_delivery_of_its_thread_that_waits_alone() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -30)]).await;
    assert!(house.value::<bool>(WORKER_DIED).await);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    // Another worker is at it.
    let elsewhere = "update jobs set worker = gen_random_uuid(), lease_until = now() + interval '1 hour' \
        where kind = 'inbound.receive' returning true";
    assert!(house.value::<bool>(elsewhere).await);
    house.delivers(&[house.says(ASHA, "m_2", QUESTION, -20), house.says(BO, "m_3", QUESTION, -10)]).await;
    assert_eq!(house.value::<i64>(GATHER).await, 1);
    // Gathering took the one that waits alone along; it stays where it is.
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!(house.value::<i64>(HEARD).await, 1, "nobody waits for another's thread");
    let behind = "select count(*) = 2 and count(distinct key) = 1 from jobs where kind = 'inbound.receive'";
    assert!(house.value::<bool>(behind).await, "the second is behind the first");
    let order = "select array_agg(j.id order by j.seq) = array_agg(j.id order by j.id) from jobs j where j.kind = 'inbound.receive'";
    assert!(house.value::<bool>(order).await);
    let given_back = "update jobs set worker = null, lease_until = null where worker is not null returning true";
    assert!(house.value::<bool>(given_back).await);
    assert_eq!(house.run(Lane::Inbound).await, 2);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_former_version_left_is_done() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -10)]).await;
    let as_before = "with old as (delete from jobs where kind = 'inbound.receive_group' returning org_id, payload) \
        insert into jobs (org_id, id, lane, kind, key, payload) \
        select org_id, (payload->'receipts'->>0)::uuid, 'inbound', 'inbound.receive', 'a former key', '{}' from old returning true";
    assert!(house.value::<bool>(as_before).await);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!((house.value::<i64>(HEARD).await, house.value::<i64>(LEFT).await), (1, 0));
    assert_eq!(house.value::<i64>(SINGLES).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_ends_where_its_deliveries_were_erased() {
    let house = House::new().await;
    house.delivers(&[house.says(ASHA, "m_1", QUESTION, -10)]).await;
    let erased = "with gone as (delete from receipts returning id) select count(*) from gone";
    assert_eq!(house.value::<i64>(erased).await, 1);
    assert_eq!(house.run(Lane::Inbound).await, 1);
    assert_eq!(house.value::<i64>("select count(*) from jobs where lane = 'inbound'").await, 0);
    assert_eq!(house.value::<i64>(HEARD).await, 0);
}
