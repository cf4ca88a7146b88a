//! A person goes out of the signals, and the sums stay what they are.

use chrono::Duration;
use connectors::signal::{Signal, SignalKind};
use kernel::ids::ContactId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::money::{Currency, Money};
use kernel::privacy::{Holder as _, Traces};
use revenue::privacy::Views;
use serde_json::json;
use uuid::Uuid;

use crate::support::{House, address};

#[tokio::test]
async fn an_erasure_leaves_the_sums_and_telling_again_brings_nothing_back() {
    let house = House::new().await;
    let clock = &house.web.kernel.clock;
    let (contact, at) = (ContactId::new(clock), clock.now() - Duration::days(5));
    let told = || {
        let mut lead = Signal::new("web", "form-1", SignalKind::Lead, at);
        lead.contact = Some(address(contact));
        lead.data = json!({ "note": "my name is Mara", "channel": "form" }).as_object().cloned().unwrap_or_default();
        let mut payment = Signal::new("till", "ch-1", SignalKind::Payment, at + Duration::hours(1));
        payment.contact = Some(address(contact));
        payment.value = Some(Money::new(700, Currency::USD));
        vec![lead, payment]
    };
    house
        .tell(vec![Event::new(
            Subject::Contact(contact),
            Actor::System,
            Fact::ContactCreated { contact, channel: None },
        )])
        .await;
    house.land(told()).await;
    house.settle().await;
    let traces = Traces::of(contact);
    let mut tx = house.tx().await;
    let sheets = Views.export(&mut tx, &traces).await.expect("an export");
    assert_eq!(
        sheets.iter().map(|sheet| sheet.rows.len()).collect::<Vec<_>>(),
        [2, 1, 0],
        "signals, journeys, no plays"
    );
    Views.hide(&mut tx, &traces).await.expect("hidden");
    tx.commit().await.expect("committed");
    assert_eq!(house.get("/v2/signals").await.json()["data"].as_array().map(Vec::len), Some(0));
    let mut tx = house.tx().await;
    Views.restore(&mut tx, &traces).await.expect("restored");
    tx.commit().await.expect("committed");
    assert_eq!(house.get("/v2/signals").await.json()["data"].as_array().map(Vec::len), Some(2));
    let mut tx = house.tx().await;
    let removed = Views.erase(&mut tx, &traces, Uuid::nil()).await.expect("erased");
    assert!(removed.iter().any(|one| one.place == "signals" && one.rows == 2), "{removed:?}");
    tx.commit().await.expect("committed");
    house.assert_whole("after the erasure").await;
    assert_eq!(house.land(told()).await.unchanged, 2);
    let mut tx = house.tx().await;
    let left: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(s)::text from signals s where org_id = $1 union all select to_jsonb(j)::text from journeys j where org_id = $1 \
         union all select to_jsonb(a)::text from contact_aliases a where org_id = $1",
    )
    .bind(house.org)
    .fetch_all(tx.conn())
    .await
    .expect("rows");
    assert_eq!(left.len(), 3, "two signals and a journey, and no name");
    let ours = contact.uuid().to_string();
    assert!(left.iter().all(|row| !row.contains("Mara") && !row.contains("ch-1") && !row.contains(&ours)), "{left:?}");
    let paid: i64 =
        sqlx::query_scalar("select sum(amount)::bigint from daily_metrics where org_id = $1 and metric = 'paid'")
            .bind(house.org)
            .fetch_one(tx.conn())
            .await
            .expect("the sum");
    assert_eq!(paid, 700);
}
