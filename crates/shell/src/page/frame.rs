//! What the frame around every page needs to know.

use chrono::{DateTime, Utc};

use super::Theme;
use super::format::{hue, initials};
use crate::app::{Menu, NavGroup, NavItem, Search};
use crate::auth::identify::Caller;
use crate::edge::RequestInfo;
use crate::{App, auth::Permissions};

/// The frame around a page: rail, top bar, drawer, palette, toasts.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's name, in the tab and the top bar.
    pub title: String,
    /// The organisation's name; empty when nobody is signed in.
    pub org: String,
    /// Who is signed in.
    pub person: Option<Person>,
    /// When this person needs a second factor that they do not have yet: a line under the top bar.
    pub factor_due: Option<DateTime<Utc>>,
    /// The daily pages.
    pub main: Vec<NavLink>,
    /// The pages for setting things up.
    pub below: Vec<NavLink>,
    /// The pages of the settings.
    pub settings: Vec<NavLink>,
    /// Lists the palette can search.
    pub searches: Vec<Search>,
    /// The token forms and htmx requests carry: `{{ ui::csrf(frame.csrf) }}`.
    pub csrf: String,
    /// Light, dark or the system's choice.
    pub theme: Theme,
    /// The id to quote when something went wrong.
    pub request_id: String,
}

/// The signed-in person, as the frame shows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Two letters for the avatar.
    pub initials: String,
    /// Their email.
    pub email: String,
    /// Their role, or "key".
    pub role: String,
}

/// An entry of the rail on this page.
#[derive(Clone, Debug)]
pub struct NavLink {
    /// The entry.
    pub item: NavItem,
    /// Whether this page belongs to it.
    pub active: bool,
}

/// One tab of `ui::tabs`.
#[derive(Clone, Debug)]
pub struct Tab {
    /// What it is called.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// A small number beside the label; empty for none.
    pub count: String,
    /// Whether it is the current one.
    pub active: bool,
}

impl Tab {
    /// A tab without a number.
    pub fn new(label: impl Into<String>, href: impl Into<String>, active: bool) -> Self {
        Self { label: label.into(), href: href.into(), count: String::new(), active }
    }

    /// The small number beside the label.
    #[must_use]
    pub fn count(mut self, count: impl std::fmt::Display) -> Self {
        self.count = count.to_string();
        self
    }
}

impl Frame {
    pub(crate) fn signed_in(app: &App, caller: &Caller, info: &RequestInfo, title: String) -> Self {
        let principal = &caller.principal;
        let person = Person {
            name: principal.name.clone(),
            initials: initials(&principal.name),
            email: principal.email.clone(),
            role: principal.role.map_or_else(|| "key".to_owned(), |role| role.to_string()),
        };
        let empty = Menu::default();
        let menu = app.menu().unwrap_or(&empty);
        Self {
            title,
            org: principal.org_name.clone(),
            person: Some(person),
            factor_due: principal.factor_due,
            main: links(menu, NavGroup::Main, principal.permissions, &info.path),
            below: links(menu, NavGroup::Below, principal.permissions, &info.path),
            settings: in_order(&menu.settings, principal.permissions, &info.path),
            searches: menu.searches.clone(),
            csrf: caller.csrf.clone().unwrap_or_default(),
            theme: info.theme,
            request_id: info.id.to_string(),
        }
    }

    /// The frame of a page for somebody who is not signed in: extend `shell/door.html`.
    pub fn signed_out(info: &RequestInfo, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            org: String::new(),
            person: None,
            factor_due: None,
            main: Vec::new(),
            below: Vec::new(),
            settings: Vec::new(),
            searches: Vec::new(),
            csrf: String::new(),
            theme: info.theme,
            request_id: info.id.to_string(),
        }
    }

    /// A frame with invented content, for tests that render a room's templates.
    pub fn sample(title: &str) -> Self {
        let nav = [
            NavItem::main(1, "Command centre", "/", "gauge").keys("g c"),
            NavItem::main(2, "Inbox", "/inbox", "inbox").keys("g i"),
            NavItem::main(3, "Leads", "/leads", "target").keys("g l"),
        ];
        let below = [NavItem::below(1, "Settings", "/settings", "settings").keys("g s")];
        let link = |item: &NavItem| NavLink { item: item.clone(), active: item.label == title };
        Self {
            title: title.to_owned(),
            org: "Northwind Dental & Aesthetics".to_owned(),
            person: Some(Person {
                name: "Dana Whitfield".to_owned(),
                initials: "DW".to_owned(),
                email: "dana@example.com".to_owned(),
                role: "owner".to_owned(),
            }),
            factor_due: None,
            main: nav.iter().map(link).collect(),
            below: below.iter().map(link).collect(),
            settings: [NavItem::main(1, "People", "/settings/people", "users")].iter().map(link).collect(),
            searches: vec![Search { label: "Search conversations", href: "/inbox?q=" }],
            csrf: "sample-token".to_owned(),
            theme: Theme::System,
            request_id: "req_sample".to_owned(),
        }
    }

    /// The colour class of the organisation's mark.
    pub fn org_hue(&self) -> u8 {
        hue(&self.org)
    }

    /// Two letters for the organisation's mark.
    pub fn org_initials(&self) -> String {
        initials(&self.org)
    }
}

fn links(menu: &Menu, group: NavGroup, permissions: Permissions, path: &str) -> Vec<NavLink> {
    let group: Vec<NavItem> = menu.nav.iter().filter(|item| item.group == group).cloned().collect();
    in_order(&group, permissions, path)
}

fn in_order(items: &[NavItem], permissions: Permissions, path: &str) -> Vec<NavLink> {
    let mut shown: Vec<NavLink> = items
        .iter()
        .filter(|item| permissions.has(item.permission))
        .map(|item| NavLink { item: item.clone(), active: belongs(path, item.href) })
        .collect();
    shown.sort_by_key(|link| link.item.order);
    shown
}

/// Whether a path is the entry's page or below it: `/inbox/conv_…` belongs to `/inbox`, `/inboxes` does not.
fn belongs(path: &str, href: &str) -> bool {
    path == href || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Permission, Role};

    #[test]
    fn the_rail_shows_what_the_caller_may_open_in_order_and_marks_the_page() {
        let menu = Menu {
            nav: vec![
                NavItem::main(2, "Inbox", "/inbox", "inbox"),
                NavItem::main(1, "Command centre", "/", "gauge"),
                NavItem::main(3, "Channels", "/channels", "plug").only(Permission::ManageChannels),
            ],
            ..Menu::default()
        };
        let seen = |role: Role, path| -> Vec<(&str, bool)> {
            let links = links(&menu, NavGroup::Main, role.permissions(), path);
            links.into_iter().map(|link| (link.item.label, link.active)).collect()
        };
        assert_eq!(seen(Role::Viewer, "/inbox/conv_1"), [("Command centre", false), ("Inbox", true)]);
        assert_eq!(seen(Role::Admin, "/")[0], ("Command centre", true));
        assert_eq!(seen(Role::Admin, "/inboxes").len(), 3);
        assert!(seen(Role::Admin, "/inboxes").iter().all(|(_, active)| !active));
    }
}
