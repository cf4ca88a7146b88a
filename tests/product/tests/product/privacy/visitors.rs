//! Somebody who made themselves known on the public site: erased, they are found nowhere; kept long enough, what they wrote goes.

use identity::privacy::erase_now;
use kernel::ids::ContactId;
use kernel::privacy::Probe;
use kernel::testing::until;
use product_tests::Product;
use serde_json::{Value, json};

use super::house::{arrange, everything, found, operator, tick};

/// Words nobody else uses.
const MARKS: [&str; 4] =
    ["Ottoline Brackenridge", "ottoline@brackenridge.example", "cobalt bassoon", "Brackenridge Dental"];

/// Publishes a site that keeps inquiries for forty days.
async fn publish(product: &Product) {
    let site = format!(
        "insert into sites (org_id, name, published, settings, created_at, updated_at) \
         values ('{}', 'Northwind Recovery', true, '{{\"kept_days\": 40}}', now(), now())",
        product.org.uuid()
    );
    arrange(product, &site).await;
    // What a host shows is believed for some seconds.
    until("the site", || async {
        let (status, page) = product.call("GET", "/about", Value::Null).await;
        (status == 200 && page.to_string().contains("Northwind Recovery")).then_some(())
    })
    .await;
}

/// She writes by the contact form and hands an audit in with her address; gives whom she became.
async fn makes_herself_known(product: &Product) -> ContactId {
    let [name, email, words, company] = MARKS;
    let message = format!("Could somebody call me about the {words}? It is urgent.");
    let wish =
        json!({ "name": name, "email": email, "company": company, "message": message, "inquiryType": "question" });
    let (status, told) = product.call("POST", "/v2/contact/submit", wish).await;
    assert!(status < 300, "{told}");
    let audit = json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["missed_calls", words], "currentSystems": ["crm"], "kpis": [],
        "contactInfo": { "email": email, "name": name },
    });
    let (status, told) = product.call("POST", "/v2/audit/submit", audit).await;
    assert_eq!(status, 201, "{told}");
    product.settled().await;
    let became: Vec<Option<ContactId>> =
        sqlx::query_scalar("select contact_id from site_inquiries where org_id = $1 order by id")
            .bind(product.org)
            .fetch_all(&mut product.db.owner().await)
            .await
            .expect("inquiries");
    assert_eq!(became.len(), 2, "{became:?}");
    assert_eq!(became[0], became[1], "one address, one contact");
    became[0].expect("a contact")
}

fn probes() -> Vec<Probe> {
    MARKS.into_iter().chain(["Brackenridge", "bassoon"]).filter_map(Probe::new).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_visitor_is_found_nowhere() {
    let product = Product::start().await;
    publish(&product).await;
    let contact = makes_herself_known(&product).await;
    let places: Vec<String> = found(&product, &probes()).await.into_iter().map(|hit| hit.place).collect();
    for place in [
        "site_inquiries.sealed",
        "site_inquiries.email_index",
        "site_audits.answers",
        "activities.body",
        "contacts.name",
    ] {
        assert!(places.iter().any(|found| found == place), "{place} is not in {places:?}: the search is blind there");
    }
    let rooms = operator(&product).await;
    let (_, removed) = erase_now(rooms.identity(), product.org, contact).await.expect("erased");
    assert!(removed.iter().any(|one| one.place == "site_inquiries" && one.rows == 2), "{removed:?}");
    product.settled().await;
    tick(&rooms).await;
    arrange(&product, "update privacy_erasures set erased_at = erased_at - interval '2 hours'").await;
    tick(&rooms).await;
    assert_eq!(found(&product, &probes()).await, Vec::new());
    // The same without our own search: all tables past every policy, as text.
    for (table, row) in everything(&product, product.org).await {
        for mark in MARKS {
            assert!(!row.contains(mark), "{mark:?} is left in {table}: {row}");
        }
    }
    // She may come again, and is somebody new.
    assert_ne!(makes_herself_known(&product).await, contact);
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visitor_wrote_goes_when_it_is_old() {
    let product = Product::start().await;
    publish(&product).await;
    makes_herself_known(&product).await;
    let rooms = operator(&product).await;
    let clears = async || {
        for reconciler in rooms.reconcilers().iter().filter(|one| one.name() == "site.retention") {
            reconciler.run().await.expect("it runs");
        }
        let query = "select (select count(*) from site_inquiries where org_id = $1), \
                     (select count(*) from site_audits where org_id = $1)";
        let left: (i64, i64) =
            sqlx::query_as(query).bind(product.org).fetch_one(&mut product.db.owner().await).await.expect("counts");
        left
    };
    let older = |days: u32| {
        format!(
            "update site_inquiries set at = now() - interval '{days} days', updated_at = now() - interval '{days} days'; \
             update site_audits set begun_at = now() - interval '{days} days', done_at = now() - interval '{days} days'"
        )
    };
    for (days, left) in [(39, (2, 1)), (41, (0, 0))] {
        for statement in older(days).split("; ") {
            arrange(&product, statement).await;
        }
        // An audit goes after the inquiry that it belongs to.
        clears().await;
        assert_eq!(clears().await, left, "after {days} days");
    }
    product.end().await;
}
