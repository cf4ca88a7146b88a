use shell::Role;

use crate::support::{House, shows};

#[tokio::test]
async fn the_list_shows_who_waits_where_and_how_warm() {
    let house = House::new().await;
    let id = house.conversation("How much is whitening?").await;
    house.set(id, "status = 'needs_human'").await;
    let viewer = house.token(Role::Viewer);
    let page = house.web.browse(&viewer, "/inbox").await;
    shows(
        &page,
        &[
            "Mara Ellison",
            "How much is whitening?",
            "tag-HOT",
            "channel-facebook",
            "needs a person",
            "Pick a conversation",
            "unread",
        ],
    );
    assert_eq!(house.web.browse(&viewer, "/inbox/count").await.text, "1");
    assert!(!page.text.contains("style=\""), "the content policy refuses inline style");
}

#[tokio::test]
async fn every_filter_narrows_the_list() {
    let house = House::new().await;
    let open = house.conversation("an open question").await;
    let closed = house.conversation("a closed matter").await;
    house.set(closed, "status = 'closed', lead_tag = 'COLD'").await;
    let token = house.agent().await;
    let member = house.web.principal(&token).and_then(|known| known.member).expect("a member");
    house.set(open, &format!("assignee_id = '{}'", member.uuid())).await;
    for (query, both) in [
        ("", [true, false]),
        ("view=all", [true, true]),
        ("view=closed", [false, true]),
        ("view=all&tag=COLD", [false, true]),
        ("view=all&channel=whatsapp", [false, false]),
        ("view=all&assignee=me", [true, false]),
        ("view=all&assignee=none", [false, true]),
        (&format!("view=all&assignee={member}"), [true, false]),
        ("q=closed", [false, true]),
    ] {
        let rows = house.fragment(&token, &format!("/inbox/rows?{query}")).await;
        assert_eq!(rows.status, 200, "{query}: {}", rows.text);
        assert_eq!([rows.text.contains("an open question"), rows.text.contains("a closed matter")], both, "{query}");
    }
    assert_eq!(house.fragment(&token, "/inbox/rows?view=all&assignee=nonsense").await.status, 422);
}

#[tokio::test]
async fn a_long_list_goes_on_where_it_ended() {
    let house = House::new().await;
    for number in 0..5 {
        house.conversation(&format!("question {number}")).await;
    }
    let token = house.token(Role::Viewer);
    let first = house.fragment(&token, "/inbox/rows?limit=3").await;
    shows(&first, &["question 4", "question 2", "Show more"]);
    let next =
        first.text.split("href=\"/inbox/rows?").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let second = house
        .fragment(&token, &format!("/inbox/rows?limit=3&{}", next.replace("&amp;", "&").replace("&#38;", "&")))
        .await;
    shows(&second, &["question 1", "question 0"]);
    assert!(!second.text.contains("question 2") && !second.text.contains("Show more"));
}

#[tokio::test]
async fn an_empty_inbox_teaches() {
    let house = House::new().await;
    shows(
        &house.web.browse(&house.token(Role::Owner), "/inbox").await,
        &["Connect your first channel", "/settings/channels"],
    );
}

#[tokio::test]
async fn nobody_sees_another_organisation() {
    let house = House::new().await;
    let id = house.conversation("a secret of ours").await;
    let message = house.message(id, "outbound", "human", "unknown", "of ours", None).await;
    let decision = house.decision(id, "replied", "ours").await;
    let theirs = house.web.token(house.web.org("Theirs").await, Role::Owner);
    assert!(!house.web.browse(&theirs, "/inbox?view=all").await.text.contains("a secret of ours"));
    for path in ["", "/thread", "/pen", "/panel", &format!("/decisions/{decision}"), &format!("/drafts/{decision}")] {
        assert_eq!(house.web.browse(&theirs, &format!("/inbox/{id}{path}")).await.status, 404, "{path}");
    }
    let posts = [
        ("reply", "text=hi"),
        ("takeover", ""),
        ("assignment", ""),
        ("notes", "body=x"),
        ("snooze", "hours=1"),
        ("closure", ""),
    ];
    for (action, form) in posts {
        let answer = house.web.submit(&theirs, axum::http::Method::POST, &format!("/inbox/{id}/{action}"), form).await;
        assert_eq!(answer.status, if action == "assignment" { 422 } else { 404 }, "{action}");
    }
    let resolution = format!("/inbox/{id}/messages/{message}/resolution");
    assert_eq!(house.web.submit(&theirs, axum::http::Method::POST, &resolution, "outcome=sent").await.status, 404);
    assert_eq!(house.web.browse("", "/inbox").await.status, 303);
}
