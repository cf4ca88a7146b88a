//! Serves the styleguide, an error page and the API reference over a test database, to look at while styling:
//! `cargo run -p shell --features testing --example preview`, then open the address it prints.

use askama::Template;
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use shell::testing::TestWeb;
use shell::{AppError, Frame, NavItem, RequestInfo, Role, Room, Search, Settings};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings { styleguide: true, ..Settings::default() };
    let web = TestWeb::with(settings, |_| vec![room()]).await;
    let org = web.org("Northwind").await;
    let token = web.token(org, Role::Owner);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/styleguide", listener.local_addr()?);
    println!("signed in with the cookie recoup_session={token}");
    axum::serve(listener, web.router.clone().into_make_service()).await?;
    Ok(())
}

fn room() -> Room {
    Room {
        pages: Router::new().route("/sign-in", get(sign_in)),
        nav: vec![
            NavItem::main(1, "Command centre", "/", "gauge").keys("g c"),
            NavItem::main(2, "Inbox", "/inbox", "inbox").keys("g i"),
            NavItem::below(1, "Settings", "/settings", "settings").keys("g s"),
        ],
        searches: vec![Search { label: "Search conversations", href: "/inbox?q=" }],
        ..Room::default()
    }
}

/// What a door looks like; the identity room has the real ones.
#[derive(Template)]
#[template(
    source = r##"{% extends "shell/door.html" %}{% block content %}<div><h1>Sign in</h1><p>Good to see you again.</p></div>
<form class="form">{{ ui::field("Email", "email", kind = "email") }}{{ ui::field("Password", "password", kind = "password") }}
<button class="button primary wide">Sign in</button></form>{% endblock %}{% block foot %}New here? <a href="#">Register your organisation</a>{% endblock %}"##,
    ext = "html"
)]
struct Door {
    frame: Frame,
}

async fn sign_in(info: RequestInfo) -> Result<Html<String>, AppError> {
    shell::show(&Door { frame: Frame::signed_out(&info, "Sign in") })
}
