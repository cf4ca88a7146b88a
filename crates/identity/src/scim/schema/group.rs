//! The attributes of a group.

use super::Attr;

const MEMBER: &[Attr] = &[
    Attr::text("value", "The id of the user").exact().immutable(),
    Attr::reference("$ref", &["User"], "Where the user is").immutable(),
    Attr::text("display", "What the provider calls the user").immutable(),
    Attr::text("type", "What the member is").one_of(&["User"]).immutable(),
];

pub(super) const ATTRS: &[Attr] = &[
    Attr::text("displayName", "What the group is called; unique in the organisation").required().unique(),
    Attr::list("members", MEMBER, "The users in the group"),
];
