use axum::http::Method;
use shell::Role;

use crate::support::{House, shows};

#[tokio::test]
async fn a_conversation_opens_with_thread_composer_and_contact() {
    let house = House::new().await;
    let id = house.conversation("Do you whiten?").await;
    let decision = house.decision(id, "replied", "Whitening is $249.").await;
    house.message(id, "outbound", "bot", "read", "Whitening is $249.", Some(decision)).await;
    house.message(id, "outbound", "human", "unknown", "See you then.", None).await;
    let token = house.agent().await;
    let page = house.web.browse(&token, &format!("/inbox/{id}")).await;
    shows(
        &page,
        &[
            "Do you whiten?",
            "Why this",
            "Recoup holds the pen",
            "Free text until",
            "Take over",
            "mara@example.com",
            "of 100",
            "day-rule",
            "It arrived",
        ],
    );
    let panes = house.fragment(&token, &format!("/inbox/{id}")).await;
    assert!(!panes.text.contains("<html"), "htmx gets the panes alone");
    assert_eq!(panes.header("hx-trigger-after-swap"), "inbox:changed");
    assert_eq!(house.value(id, "unread").await, "0", "opening is reading");
    shows(
        &house.fragment(&token, &format!("/inbox/{id}/panel?drawer=true")).await,
        &["data-close-drawer", "Mara Ellison"],
    );
}

#[tokio::test]
async fn why_opens_the_record_of_the_decision() {
    let house = House::new().await;
    let id = house.conversation("Do you whiten?").await;
    let other = house.conversation("Something else").await;
    let decision = house.decision(id, "replied", "Whitening is $249.").await;
    let token = house.token(Role::Viewer);
    let why = house.fragment(&token, &format!("/inbox/{id}/decisions/{decision}")).await;
    shows(
        &why,
        &["Recoup was sure enough", "82 %", "Prices", "Whitening is $249.", "answer", "900 µs", &decision.to_string()],
    );
    assert_eq!(house.fragment(&token, &format!("/inbox/{other}/decisions/{decision}")).await.status, 404);
}

#[tokio::test]
async fn a_person_is_shown_what_the_bot_would_say() {
    let house = House::new().await;
    let id = house.conversation("I want a person").await;
    house.set(id, "status = 'needs_human', escalation = 'asked_for_person'").await;
    let decision = house.decision(id, "needs_human", "Whitening is $249.").await;
    let token = house.agent().await;
    let pen = house.fragment(&token, &format!("/inbox/{id}/pen")).await;
    shows(&pen, &["Suggested reply", "Whitening is $249.", "82 % sure", "hx-swap-oob"]);
    shows(
        &house.fragment(&token, &format!("/inbox/{id}/drafts/{decision}")).await,
        &["<textarea", ">Whitening is $249.</textarea>"],
    );
    shows(&house.fragment(&token, &format!("/inbox/{id}/panel")).await, &["They asked for a person."]);
}

#[tokio::test]
async fn replying_takes_the_pen_and_shows_the_message() {
    let house = House::new().await;
    let id = house.conversation("Do you whiten?").await;
    let token = house.agent().await;
    let panes = house.web.submit(&token, Method::POST, &format!("/inbox/{id}/reply"), "text=Yes%2C+on+Thursday.").await;
    shows(
        &panes,
        &["Yes, on Thursday.", "A person holds the pen", "Dana Whitfield took over by replying", "on its way"],
    );
    assert_eq!(house.value(id, "holder").await, "human");
    let panes = house.web.submit(&token, Method::DELETE, &format!("/inbox/{id}/takeover"), "").await;
    shows(&panes, &["Recoup holds the pen", "handed back to Recoup"]);
    let panes = house.web.submit(&token, Method::POST, &format!("/inbox/{id}/takeover"), "").await;
    shows(&panes, &["A person holds the pen"]);
    assert!(panes.header("hx-trigger").contains("You hold the pen"));
}

#[tokio::test]
async fn the_composer_says_what_the_channel_refuses() {
    let house = House::new().await;
    let id = house.conversation("Are you there?").await;
    house.set(id, "window_from = now() - interval '8 days'").await;
    let token = house.agent().await;
    shows(
        &house.fragment(&token, &format!("/inbox/{id}")).await,
        &["More than 7 days passed", "Wait until the contact writes again.", "disabled"],
    );
    let refused = house.web.submit(&token, Method::POST, &format!("/inbox/{id}/reply"), "text=Hello").await;
    assert_eq!(refused.status, 422);
    assert_eq!(house.value(id, "holder").await, "bot", "a refused reply changes nothing");
}

#[tokio::test]
async fn assigning_noting_snoozing_and_closing() {
    let house = House::new().await;
    let id = house.conversation("Later, please").await;
    let token = house.agent().await;
    let panes = house.web.submit(&token, Method::POST, &format!("/inbox/{id}/assignment"), "").await;
    shows(&panes, &["Assigned to you", "Dana Whitfield"]);
    house.web.submit(&token, Method::DELETE, &format!("/inbox/{id}/assignment"), "").await;
    assert_eq!(house.value(id, "assignee_id").await, "");
    let panes =
        house.web.submit(&token, Method::POST, &format!("/inbox/{id}/notes"), "body=She+parks+behind+the+house").await;
    shows(&panes, &["She parks behind the house", "Private note, Dana Whitfield"]);
    shows(
        &house.web.submit(&token, Method::POST, &format!("/inbox/{id}/snooze"), "hours=4").await,
        &["snoozed", "Open again"],
    );
    assert_eq!(house.web.submit(&token, Method::POST, &format!("/inbox/{id}/snooze"), "hours=0").await.status, 422);
    shows(&house.web.submit(&token, Method::POST, &format!("/inbox/{id}/closure"), "").await, &["closed"]);
    assert_eq!(house.value(id, "status").await, "closed");
    house.web.submit(&token, Method::DELETE, &format!("/inbox/{id}/closure"), "").await;
    assert_eq!(house.value(id, "status").await, "open");
}

#[tokio::test]
async fn a_person_decides_about_a_message_nobody_knows_of() {
    let house = House::new().await;
    let id = house.conversation("Hello?").await;
    let message = house.message(id, "outbound", "human", "unknown", "Are you there?", None).await;
    let path = format!("/inbox/{id}/messages/{message}/resolution");
    let panes = house.web.submit(&house.agent().await, Method::POST, &path, "outcome=sent").await;
    shows(&panes, &["state-sent"]);
}

#[tokio::test]
async fn a_viewer_reads_and_cannot_write() {
    let house = House::new().await;
    let id = house.conversation("Hello?").await;
    let viewer = house.token(Role::Viewer);
    let page = house.web.browse(&viewer, &format!("/inbox/{id}")).await;
    shows(&page, &["Hello?", "You can read this conversation."]);
    assert!(!page.text.contains("name=\"text\"") && !page.text.contains("/closure"));
    assert_eq!(house.value(id, "unread").await, "1", "somebody who cannot answer does not mark it as read");
    for (action, form) in
        [("reply", "text=hi"), ("takeover", ""), ("notes", "body=x"), ("closure", ""), ("assignment", "")]
    {
        assert_eq!(
            house.web.submit(&viewer, Method::POST, &format!("/inbox/{id}/{action}"), form).await.status,
            403,
            "{action}"
        );
    }
}

#[tokio::test]
async fn what_people_write_cannot_become_markup() {
    let house = House::new().await;
    let id = house.conversation("<script>alert(1)</script>").await;
    let page = house.web.browse(&house.token(Role::Viewer), &format!("/inbox/{id}")).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>alert"));
}

#[tokio::test]
async fn a_long_thread_shows_the_latest_and_leads_to_the_earlier() {
    let house = House::new().await;
    let id = house.conversation("the very first").await;
    for number in 0..70 {
        house.message(id, "inbound", "contact", "received", &format!("line {number}."), None).await;
    }
    let token = house.token(Role::Viewer);
    let thread = house.fragment(&token, &format!("/inbox/{id}/thread")).await;
    shows(&thread, &["line 69.", "Show earlier messages"]);
    assert!(!thread.text.contains("the very first"));
    let earlier = thread.text.split("hx-get=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    shows(&house.fragment(&token, earlier).await, &["the very first", "line 3."]);
}
