//! The pages, as a signed-in browser gets them.

use shell::Role;

use crate::support::{House, TOKEN};

/// Nothing inline, no missing file: what the content policy and the eye would refuse.
fn check(html: &str) {
    assert!(
        !html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick="),
        "inline script or style"
    );
    assert!(!html.contains("/assets/missing"), "a file is named that does not exist");
}

#[tokio::test]
async fn before_there_is_anything_the_pages_say_what_will_be_there() {
    let house = House::new().await;
    let token = house.web.token(house.org, Role::Owner);
    let list = house.web.browse(&token, "/leads").await;
    assert!(list.status == 200 && list.text.contains("Leads make themselves"), "{}", list.text);
    assert!(house.web.browse(&token, "/leads?q=nobody").await.text.contains("Nothing matches"));
    let board = house.web.browse(&token, "/leads?view=board").await;
    assert!(board.text.contains("Qualified") && board.text.contains("Proposal"));
    let settings = house.web.browse(&token, "/settings/crm").await;
    assert!(
        settings.text.contains("Connect HubSpot") && settings.text.contains("/webhooks/hubspot"),
        "{}",
        settings.text
    );
    for answer in [list, board, settings] {
        check(&answer.text);
    }
}

#[tokio::test]
async fn a_lead_is_on_the_table_the_board_and_its_own_page() {
    let house = House::new().await;
    let (lead, _) = house.hot("Mara <b>Ellison").await;
    let token = house.agent();
    for path in ["/leads", "/leads?view=board", "/leads?tag=HOT&stage=new", "/leads?view=board&tag=HOT"] {
        let page = house.web.browse(&token, path).await;
        assert!(page.text.contains(&format!("/leads/{lead}")), "{path}");
        assert!(!page.text.contains("<b>Ellison"), "names are escaped");
        check(&page.text);
    }
    assert!(!house.web.browse(&token, "/leads?tag=COLD").await.text.contains(&format!("/leads/{lead}\"")));
    let own = house.web.browse(&token, &format!("/leads/{lead}")).await;
    check(&own.text);
    for words in [
        "Score 80 of 100",
        "Asks about the price or wants to buy",
        "+30",
        "Became a lead",
        "Write down",
        "not connected",
    ] {
        assert!(own.text.contains(words), "{words} is missing");
    }
    let viewer = house.web.token(house.org, Role::Viewer);
    let seen = house.web.browse(&viewer, &format!("/leads/{lead}")).await;
    assert!(seen.status == 200 && !seen.text.contains("Write down"), "who may not change sees no forms");
    assert_eq!(house.web.browse(&viewer, "/settings/crm").await.status, 403);
    assert_eq!(house.web.browse("", "/leads").await.status, 303, "to the sign-in page");
}

#[tokio::test]
async fn what_people_do_on_the_page_is_done() {
    let house = House::new().await;
    let (lead, _) = house.hot("Mara Ellison").await;
    let token = house.agent();
    let submit = |what: &'static str, form: &'static str| {
        let (house, token) = (&house, &token);
        async move {
            house
                .web
                .submit(token, "POST".parse().expect("a method"), &format!("/leads/{lead}/{what}"), form)
                .await
                .status
        }
    };
    assert_eq!(submit("tag", "tag=WARM").await, 303);
    assert_eq!(submit("stage", "stage=qualified").await, 303);
    let meeting = "kind=meeting&title=Visit&body=&starts_at=2026-12-01T10:00&ends_at=2026-12-01T11:00";
    assert_eq!(submit("activities", meeting).await, 303);
    assert_eq!(submit("activities", "kind=meeting&title=Visit&starts_at=soon").await, 422);
    assert_eq!(submit("sync", "").await, 409, "no CRM is connected");
    let page = house.web.browse(&token, &format!("/leads/{lead}")).await.text;
    for words in ["set by hand", "Tagged WARM, was HOT", "Moved from New to Qualified", "Visit"] {
        assert!(page.contains(words), "{words} is missing");
    }
}

#[tokio::test]
async fn the_crm_is_connected_mapped_and_disconnected_on_its_page() {
    let house = House::new().await;
    house.hot("Mara Ellison").await;
    let token = house.admin();
    let save = |form: String| {
        let (house, token) = (&house, &token);
        async move { house.web.submit(token, "POST".parse().expect("a method"), "/settings/crm", &form).await }
    };
    let wrong = save("access_token=wrong".into()).await;
    assert!(wrong.status == 422 && wrong.text.contains("HubSpot does not accept it"), "{}", wrong.text);
    assert_eq!(save(format!("access_token={TOKEN}")).await.status, 303);
    house.drain().await;
    let page = house.web.browse(&token, "/settings/crm").await;
    check(&page.text);
    assert!(page.text.contains("33000001") && page.text.contains("OPEN_DEAL") && !page.text.contains(TOKEN));
    assert_eq!(save("access_token=&hot=CONNECTED&warm=&cold=OPEN&deal_stage=contractsent".into()).await.status, 303);
    assert_eq!(house.text("select mapping ->> 'deal_stage' from crm_connections").await, "contractsent");
    house.drain().await;
    assert_eq!(house.hubspot.records("contacts")[0].properties["hs_lead_status"], "CONNECTED");
    let gone = house.web.submit(&token, "POST".parse().expect("a method"), "/settings/crm/disconnect", "").await;
    assert_eq!(gone.status, 303);
    assert!(house.web.browse(&token, "/settings/crm").await.text.contains("Connect HubSpot"));
}
