//! The API description and its reference page.

use super::sample::web;

#[tokio::test]
async fn the_description_is_complete() {
    let (web, _) = web().await;
    let answer = web.get("", "/v2/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let api = answer.json();
    assert!(api["openapi"].as_str().unwrap_or_default().starts_with("3.1."));
    assert_eq!(api["components"]["securitySchemes"]["access_token"]["scheme"], "bearer");
    assert_eq!(api["components"]["securitySchemes"]["api_key"]["name"], "X-API-Key");
    assert_eq!(api["security"].as_array().map(Vec::len), Some(2));
    let create = &api["paths"]["/v2/things"]["post"];
    assert_eq!(create["responses"]["default"]["$ref"], "#/components/responses/Error");
    assert_eq!(api["paths"]["/v2/things"]["get"]["parameters"][0]["name"], "limit");
    assert_eq!(api["tags"][0]["name"], "leads");
    for reference in answer.text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(api.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_reference_page_shows_every_operation_without_a_script_from_elsewhere() {
    let (web, _) = web().await;
    let page = web.get("", "/docs/api").await;
    assert_eq!(page.status, 200);
    for part in ["/v2/things/{id}", "List things.", "X-API-Key", "next_cursor", "Whitening"] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(!page.text.contains("src=\"http") && !page.text.contains("href=\"http"));
}
