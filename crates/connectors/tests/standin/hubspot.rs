use std::collections::BTreeMap;

use connectors::hubspot::HubSpot;
use connectors::hubspot::calls::Association;
use connectors::hubspot::failure::{FailureKind, Limit};
use connectors::hubspot::oauth::{App, Tokens, authorise_url};
use connectors::hubspot::objects::{
    Filter, FilterGroup, Link, NewLink, NewObject, ObjectKind, Properties, Search, Upsert,
};
use kernel::Clock;
use kernel::http::{Http, HttpConfig, Url};
use standins::hubspot::{HubSpot as Standin, HubSpotConfig};
use standins::{Fault, Handle, Rule};

const TOKEN: &str = "pat-na1-standin-0001";
const RETURN: &str = "https://app.example.com/auth/callback/hubspot";

async fn ready() -> (Handle<Standin>, HubSpot) {
    let standin = Standin::start(HubSpotConfig::default(), ([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let client = HubSpot::new(http(), standin.base_url());
    (standin, client)
}

fn http() -> Http {
    Http::new(HttpConfig::default(), Clock::system()).expect("a client")
}

fn app() -> App {
    App { client_id: "standin-hubspot-client".into(), client_secret: "standin-hubspot-secret".into() }
}

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn upsert(email: &str, first_name: &str) -> Upsert {
    let properties = properties(&[("email", email), ("firstname", first_name)]);
    Upsert { id_property: Some("email".into()), id: email.into(), properties, object_write_trace_id: None }
}

fn new(pairs: &[(&str, &str)], associations: Vec<NewLink>) -> NewObject {
    NewObject { properties: properties(pairs), associations, object_write_trace_id: Some("trace-1".into()) }
}

async fn connect(standin: &Handle<Standin>, client: &HubSpot) -> Tokens {
    let scopes = ["crm.objects.contacts.write", "crm.objects.contacts.read", "oauth"];
    let consent = authorise_url(standin.base_url(), &app(), RETURN, &scopes, "state-1").expect("an address");
    let answer = http().get("browser", consent.as_str()).send().await.expect("the consent page");
    let back = Url::parse(answer.header("location").expect("it sends the person back")).expect("an address");
    let pairs: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "state-1");
    client.exchange_code(&app(), &pairs["code"], RETURN).await.expect("tokens")
}

#[tokio::test]
async fn an_account_is_connected_refreshed_and_disconnected() {
    let (standin, client) = ready().await;
    let tokens = connect(&standin, &client).await;
    assert!(tokens.expires_in > 0 && tokens.hub_id.is_some());
    let fresh = client.refresh(&app(), &tokens.refresh_token).await.expect("a new token");
    assert_ne!(fresh.access_token, tokens.access_token);
    client
        .upsert(&fresh.access_token, ObjectKind::Contacts, &[upsert("a@example.com", "Ann")])
        .await
        .expect("it works");
    let known = client.introspect(&app(), &fresh.access_token).await.expect("known");
    assert_eq!(known.hub_id, tokens.hub_id);
    client.revoke(&app(), &tokens.refresh_token).await.expect("withdrawn");
    let ended = client.refresh(&app(), &tokens.refresh_token).await.expect_err("it is withdrawn");
    assert_eq!(ended.kind, FailureKind::GrantExpired);
    let used = client.exchange_code(&app(), "no-such-code", RETURN).await.expect_err("no such code");
    assert_eq!(used.kind, FailureKind::GrantExpired);
    for request in standin.requests().iter().filter(|request| request.path.ends_with("/token")) {
        assert!(request.query.is_empty() && request.body.contains("client_secret"), "secrets travel in the body");
    }
    let wrong = client.list("wrong", ObjectKind::Contacts, &[], None).await.expect_err("no such token");
    assert_eq!(wrong.kind, FailureKind::Unauthorised);
}

#[tokio::test]
async fn contacts_are_made_once_and_then_changed() {
    let (_standin, client) = ready().await;
    let batch = [upsert("ann@example.com", "Ann"), upsert("bob@example.com", "Bob")];
    let made = client.upsert(TOKEN, ObjectKind::Contacts, &batch).await.expect("answered");
    let ids: Vec<_> = made.iter().map(|made| made.as_ref().expect("made").id.clone()).collect();
    assert!(made.iter().all(|made| made.as_ref().unwrap().new == Some(true)));
    let again = [upsert("bob@example.com", "Robert"), upsert("ann@example.com", "Ann")];
    let changed = client.upsert(TOKEN, ObjectKind::Contacts, &again).await.expect("answered");
    let back: Vec<_> = changed.iter().map(|made| made.as_ref().expect("changed").id.clone()).collect();
    assert_eq!(back, [ids[1].clone(), ids[0].clone()], "each outcome stands with its input");
    let wanted = [ids[1].clone(), "999999999".to_owned()];
    let read = client.read_many(TOKEN, ObjectKind::Contacts, &wanted, &["firstname"]).await.expect("answered");
    assert_eq!(read[0].as_ref().expect("there").value("firstname"), Some("Robert"));
    assert_eq!(read[1].as_ref().expect_err("not there").kind, FailureKind::NotFound);
}

#[tokio::test]
async fn a_batch_fails_only_where_it_must() {
    let (_standin, client) = ready().await;
    let mut wrong = upsert("bob@example.com", "Bob");
    wrong.properties.insert("no_such_property".into(), "1".into());
    wrong.object_write_trace_id = Some("trace-bob".into());
    let batch = [upsert("ann@example.com", "Ann"), wrong, upsert("cy@example.com", "Cy")];
    let made = client.upsert(TOKEN, ObjectKind::Contacts, &batch).await.expect("207 is an answer");
    assert!(made[0].is_ok() && made[2].is_ok(), "{made:?}");
    assert_eq!(made[1].as_ref().expect_err("no such property").kind, FailureKind::Invalid);
    let ann = new(&[("email", "ann@example.com")], Vec::new());
    let taken = client.create(TOKEN, ObjectKind::Contacts, &[ann]).await.expect("207 is an answer");
    let ours = made[0].as_ref().unwrap().id.clone();
    assert_eq!(taken[0].as_ref().expect_err("she exists").kind, FailureKind::Conflict { existing: Some(ours) });
    let many = vec![upsert("x@example.com", "X"); 101];
    let refused = client.upsert(TOKEN, ObjectKind::Contacts, &many).await.expect_err("too many");
    assert_eq!(refused.kind, FailureKind::Invalid);
}

#[tokio::test]
async fn a_deal_and_a_note_hang_on_their_contact() {
    let (standin, client) = ready().await;
    let ann = client.upsert(TOKEN, ObjectKind::Contacts, &[upsert("ann@example.com", "Ann")]).await.expect("answered");
    let ann = ann[0].as_ref().expect("made").id.clone();
    let deal = new(&[("dealname", "Northwind – booking – 2026-11-20")], vec![NewLink::new(Link::DealToContact, &ann)]);
    let deal = client.create(TOKEN, ObjectKind::Deals, &[deal]).await.expect("answered")[0].clone().expect("made");
    let note = new(&[("hs_timestamp", "2026-11-20T10:00:00Z"), ("hs_note_body", "Asked for a cleaning.")], Vec::new());
    let note = client.create(TOKEN, ObjectKind::Notes, &[note]).await.expect("answered")[0].clone().expect("made");
    let link = |to: &str, types| Association { from: note.id.clone(), to: to.to_owned(), types };
    for _ in 0..2 {
        let links = [link(&ann, Vec::new())];
        client.associate(TOKEN, ObjectKind::Notes, ObjectKind::Contacts, &links).await.expect("linked, also again");
    }
    let links = [link(&deal.id, vec![Link::NoteToDeal.into()])];
    client.associate(TOKEN, ObjectKind::Notes, ObjectKind::Deals, &links).await.expect("linked");
    assert!(standin.requests().iter().all(|request| request.status.is_some_and(|status| status < 300)));
    client.archive(TOKEN, ObjectKind::Notes, std::slice::from_ref(&note.id)).await.expect("in the bin");
    client.archive(TOKEN, ObjectKind::Notes, &[note.id]).await.expect("also again");
}

#[tokio::test]
async fn the_search_is_behind_and_properties_and_pages_are_read() {
    let (standin, client) = ready().await;
    let batch: Vec<_> = (0..100).map(|n| upsert(&format!("c{n}@example.com"), "C")).collect();
    client.upsert(TOKEN, ObjectKind::Contacts, &batch).await.expect("answered");
    client.upsert(TOKEN, ObjectKind::Contacts, &[upsert("last@example.com", "L")]).await.expect("answered");
    let filter = Filter {
        property_name: "email".into(),
        operator: "EQ",
        value: Some("last@example.com".into()),
        values: vec![],
    };
    let filter_groups = vec![FilterGroup { filters: vec![filter] }];
    let search = Search { filter_groups, properties: vec!["email".into()], limit: 10, after: None };
    let early = client.search(TOKEN, ObjectKind::Contacts, &search).await.expect("a page");
    assert_eq!(early.results.len(), 0, "the index is behind: never find-then-create");
    standin.advance(chrono::Duration::seconds(10));
    let found = client.search(TOKEN, ObjectKind::Contacts, &search).await.expect("a page");
    assert_eq!((found.total, found.results.len()), (Some(1), 1));
    let (mut seen, mut after) = (0, None);
    loop {
        let page = client.list(TOKEN, ObjectKind::Contacts, &["email"], after.as_deref()).await.expect("a page");
        seen += page.results.len();
        match page.next() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, 101);
    let status = client.property(TOKEN, ObjectKind::Contacts, "hs_lead_status").await.expect("a property");
    assert!(status.options.iter().any(|option| option.value == "CONNECTED"));
    assert!(client.properties(TOKEN, ObjectKind::Contacts).await.expect("properties").len() > 5);
}

#[tokio::test]
async fn each_limit_waits_its_own_time() {
    let (standin, client) = ready().await;
    for (name, limit) in
        [("DAILY", Limit::Daily), ("TEN_SECONDLY_ROLLING", Limit::TenSecondly), ("SECONDLY", Limit::Secondly)]
    {
        standin.fail(Rule::next("POST */batch/create", 1, Fault::Error { name: name.into(), retry_after: None }));
        let ann = new(&[("email", "ann@example.com")], Vec::new());
        let failure = client.create(TOKEN, ObjectKind::Contacts, &[ann]).await.expect_err("it was told to fail");
        assert_eq!((failure.kind.clone(), failure.retry_after), (FailureKind::RateLimited(limit), Some(limit.wait())));
        assert!(failure.is_retryable());
    }
    standin.fail(Rule::next("POST */batch/create", 1, Fault::LoseAnswer));
    let ann = new(&[("email", "ann@example.com")], Vec::new());
    let lost = client.create(TOKEN, ObjectKind::Contacts, &[ann]).await.expect_err("its answer was lost");
    assert_eq!(lost.kind, FailureKind::Lost, "it may have happened: a create is not repeated");
}
