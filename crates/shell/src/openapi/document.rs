//! Completes what the rooms describe: title, security schemes, the error every operation can give, tags in order.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, License, OpenApi, Paths, Ref, ResponseBuilder, SecurityRequirement,
    ServerBuilder, Tag,
};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Detail, ErrorBody, ErrorOut};

/// What each tag is about, in the order of the reference page. A tag that is not here still appears, at the end.
const TAGS: [(&str, &str); 12] = [
    ("auth", "Register an organisation, sign in, keep a session, sign out."),
    ("channels", "Connected accounts that messages come through."),
    ("conversations", "Threads with contacts: read, reply, assign, take over, close."),
    ("contacts", "People outside."),
    ("leads", "Possible sales: tag, score, stage, activities."),
    ("crm", "Sync with HubSpot and other CRMs."),
    ("knowledge", "What answers may be based on."),
    ("settings", "Brand voice, auto-reply and other choices of the organisation."),
    ("members", "People of the organisation, roles, invitations."),
    ("organisation", "Its name and time zone, who owns it, its end."),
    ("keys", "API keys and their scopes."),
    ("operations", "Queues, dead letters, providers."),
];

const ABOUT: &str = "Everything Recoup does in its pages, a program can do here.\n\n\
Send an access token (`Authorization: Bearer …`) or an API key (`X-API-Key: …`). Lists give \
`{\"data\": […], \"next_cursor\": …}`; pass `next_cursor` as `cursor` to read on. A `POST` with an `Idempotency-Key` has \
its effect once: the first answer is kept for 24 hours and given again. Every response carries `X-Request-ID`; \
`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` say where you stand, and `Retry-After` when to try again. \
An object of another organisation is 404, like one that does not exist.";

/// The complete description over what the rooms describe.
pub fn document(rooms: OpenApi, public_url: &str) -> OpenApi {
    let mut api = rooms;
    api.info = InfoBuilder::new()
        .title("Recoup API")
        .version("2")
        .description(Some(ABOUT))
        .license(Some(License::new("Apache-2.0")))
        .build();
    api.servers = Some(vec![ServerBuilder::new().url(public_url).build()]);
    complete_components(&mut api);
    complete_paths(&mut api.paths);
    api.tags = Some(tags(&api.paths));
    describe_ids(&mut api);
    let none: [&str; 0] = [];
    api.security =
        Some(vec![SecurityRequirement::new("access_token", none), SecurityRequirement::new("api_key", none)]);
    api
}

fn complete_components(api: &mut OpenApi) {
    let components = api.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
    let mut components = components;
    components.add_security_scheme(
        "access_token",
        SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("opaque").build()),
    );
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))));
    for (name, schema) in [
        (ErrorBody::name(), ErrorBody::schema()),
        (ErrorOut::name(), ErrorOut::schema()),
        (Detail::name(), Detail::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let error = ResponseBuilder::new()
        .description("The request was not served; `error.code` says why.")
        .content("application/json", body)
        .build();
    components.responses.insert("Error".to_owned(), error.into());
    api.components = Some(components);
}

/// Ids in paths are named but not described by their routes: whatever is referred to and missing is a string.
fn describe_ids(api: &mut OpenApi) {
    let text = serde_json::to_string(api).unwrap_or_default();
    let named = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    let Some(components) = &mut api.components else { return };
    for name in named {
        let schema = || ObjectBuilder::new().schema_type(Type::String).description(Some("An id.")).into();
        components.schemas.entry(name.to_owned()).or_insert_with(schema);
    }
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    paths.paths.values_mut().flat_map(|item| {
        [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
    })
}

fn complete_paths(paths: &mut Paths) {
    for operation in operations(paths) {
        operation
            .responses
            .responses
            .entry("default".to_owned())
            .or_insert_with(|| Ref::from_response_name("Error").into());
    }
}

fn tags(paths: &Paths) -> Vec<Tag> {
    let mut used: Vec<String> = paths
        .paths
        .values()
        .flat_map(|item| [&item.get, &item.post, &item.put, &item.patch, &item.delete].into_iter().flatten())
        .flat_map(|operation| operation.tags.clone().unwrap_or_default())
        .collect();
    used.sort();
    used.dedup();
    let place = |name: &str| TAGS.iter().position(|(known, _)| *known == name).unwrap_or(TAGS.len());
    used.sort_by_key(|name| place(name));
    used.into_iter()
        .map(|name| {
            let about = TAGS.get(place(&name)).map(|(_, about)| *about);
            TagBuilder::new().name(name).description(about).build()
        })
        .collect()
}
