//! The desk's editor of the audit: pages, and what choices make better or worse.

use serde_json::json;
use shell::Role;

use crate::admin::{send, shown};
use crate::support::World;

const EDIT: &str = "/admin/audit/edit";

#[tokio::test]
async fn pages_of_the_audit_are_named_and_checked() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    assert!(shown(&world, &token, "/admin/audit").await.contains("at=/steps/0\""));
    let form = shown(&world, &token, &format!("{EDIT}?at=/steps/0")).await;
    assert!(form.contains("value=\"Your business\""), "{form}");
    let named =
        |title: &'static str| [("at", "/steps/0"), ("/steps/0/title", title), ("/steps/0/lead", "A moment each.")];
    assert_eq!(send(&world, &token, EDIT, &named("")).await.status, 303, "a draft may be wrong");
    let refused = send(&world, &token, "/admin/audit/publish", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("the title of page 1 is empty"), "{}", refused.text);
    assert_eq!(send(&world, &token, EDIT, &named("Who you are")).await.status, 303);
    assert_eq!(send(&world, &token, "/admin/audit/publish", &[]).await.status, 303);
    assert!(world.get("/audit").await.text.contains("Who you are"));
    let begun = world.post_form("/audit/begin", &[]).await;
    let step = world.get(begun.header("location")).await.text;
    assert!(step.contains("Who you are") && step.contains("A moment each."), "{step}");
    assert_eq!(world.web.browse(&token, &format!("{EDIT}?at=/steps/9")).await.status, 404);
}

#[tokio::test]
async fn what_a_choice_makes_better_is_changed_and_counts() {
    const AT: &str = "/steps/1/questions/0";
    const EFFECT: &str = "/steps/1/questions/0/choices/0/effects/response";
    let world = World::new().await;
    let token = world.token(Role::Admin);
    let form = shown(&world, &token, &format!("{EDIT}?at={AT}")).await;
    assert!(form.contains(&format!("name=\"{EFFECT}\"")) && form.contains("one better"), "{form}");
    let wrong = send(&world, &token, EDIT, &[("at", AT), (EFFECT, "splendid")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("is one better, one worse, or nothing") && wrong.text.contains("<details open>"));
    assert_eq!(world.count("select count(*) from site_audit_versions").await, 0, "nothing was kept of it");

    assert_eq!(send(&world, &token, EDIT, &[("at", AT), (EFFECT, "lowers")]).await.status, 303);
    let differs = shown(&world, &token, "/admin/audit").await;
    assert!(differs.contains("lowers"), "{differs}");
    assert_eq!(send(&world, &token, "/admin/audit/publish", &[]).await.status, 303);
    let own = world.web.get(&token, "/v2/site/audit").await.json();
    let choice = &own["config"]["steps"][1]["questions"][0]["choices"][0];
    assert_eq!((&choice["lowers"], &choice["lifts"]), (&json!(["response"]), &json!(["lead_capture"])), "{choice}");
}
