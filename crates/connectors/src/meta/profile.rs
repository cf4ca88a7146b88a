//! Who wrote on Messenger or Instagram: their webhooks carry an id only, the name has to be asked for.

use kernel::channel::ChannelKind;
use kernel::http::Method;

use super::graph::{Dialect, Graph, READS};
use crate::channel::{Account, Credentials, Failure, Refusal};
use crate::wire::text;

/// What somebody shows of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name they show.
    pub name: Option<String>,
    /// Their handle, on Instagram.
    pub username: Option<String>,
}

/// Asks for the profile of a person who wrote to an account.
///
/// # Errors
/// [`Failure::Refused`] where the person shows nothing or the application may not ask; the others as at every call.
pub async fn profile(
    graph: Graph<'_>,
    account: &Account,
    credentials: &Credentials,
    person: &str,
) -> Result<Profile, Failure> {
    // The id becomes part of the address.
    if person.is_empty() || !person.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = "a person's id is letters and digits".to_owned();
        return Err(Failure::Refused { class: Refusal::Invalid, code: "person".to_owned(), message });
    }
    let fields = if account.channel == ChannelKind::Instagram { "name,username" } else { "first_name,last_name" };
    let token = credentials.access_token.reveal();
    let request = graph.request(Method::GET, account.product, person, token).query(&[("fields", fields)]);
    let answer = graph.call(request.safe_to_repeat(READS), Dialect::Messaging).await?;
    let parts: Vec<String> =
        ["name", "first_name", "last_name"].iter().filter_map(|part| text(&answer[*part])).collect();
    let name = Some(parts.join(" ").trim().to_owned()).filter(|name| !name.is_empty());
    Ok(Profile { name, username: text(&answer["username"]).filter(|handle| !handle.is_empty()) })
}
