//! What surrounds every page of a site: its head for people, search engines and link previews, its menu, its foot.

use std::sync::Arc;

use serde_json::{Value, json};

use super::theme;
use crate::sites::Site;
use crate::visit::Visit;

/// The frame of a public page: the field `frame` of every template that extends `site/frame.html`.
pub(crate) struct SiteFrame {
    pub site: Arc<Site>,
    pub title: String,
    /// One or two sentences, for search results and link previews.
    pub description: String,
    /// The one address of the page.
    pub canonical: String,
    /// The address the site's links begin with, without a slash at the end.
    pub base: Arc<str>,
    pub path: Arc<str>,
    /// The picture of link previews, with its host.
    pub image: String,
    /// For pages that belong to one visitor.
    pub noindex: bool,
    /// Open Graph's kind of page.
    pub kind: &'static str,
    /// Data for search engines, ready to stand in a `<script>`.
    pub json_ld: Vec<String>,
    pub nav: Vec<NavLink>,
    /// The style sheet of all sites.
    pub style: &'static str,
    /// What pages that are more than words need besides.
    pub more_style: &'static str,
    /// The font of headings, where it is not waited for: on pages where visitors come in it is asked for ahead, and who sees a page of
    /// their own after one of those has it.
    pub font: Option<&'static str>,
    /// The script that runs before anything is shown.
    pub first_script: &'static str,
    /// Whether another page of the site led here.
    goes_on: bool,
}

/// An entry of the menu.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NavLink {
    pub href: &'static str,
    pub label: &'static str,
    pub active: bool,
}

impl SiteFrame {
    /// The frame of a page; its title without the site's name, which is added.
    pub(crate) fn new(visit: &Visit, title: impl Into<String>, description: impl Into<String>) -> Self {
        let (base, path) = (visit.base.clone(), visit.path.clone());
        Self {
            title: title.into(),
            description: shortened(&description.into()),
            canonical: format!("{base}{path}"),
            image: format!("{base}/media/share/page/home.png"),
            noindex: false,
            kind: "website",
            json_ld: Vec::new(),
            nav: nav(&visit.site, &path),
            style: theme::shared(),
            more_style: theme::more(),
            font: Some(theme::font()),
            first_script: theme::first_script(),
            goes_on: visit.goes_on(),
            site: visit.site.clone(),
            base,
            path,
        }
    }

    /// The page's own path, where the one that was asked for may be written in other ways.
    #[must_use]
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.canonical = format!("{}{path}", self.base);
        self.path = path.into();
        self
    }

    /// A page that belongs to one visitor or is nobody's: search engines leave it.
    #[must_use]
    pub(crate) fn private(mut self) -> Self {
        self.noindex = true;
        self.font = self.font.filter(|_| self.goes_on);
        self
    }

    /// Adds data for search engines.
    #[must_use]
    pub(crate) fn with_json_ld(mut self, data: &Value) -> Self {
        self.json_ld.push(in_script(data));
        self
    }

    /// The picture of link previews: a whole address, or a path of the site.
    #[must_use]
    pub(crate) fn with_image(mut self, image: String) -> Self {
        self.image = if image.starts_with('/') { format!("{}{image}", self.base) } else { image };
        self
    }

    /// The way from the home page to this one, as search engines want it; each step its name and its path.
    #[must_use]
    pub(crate) fn with_trail(self, trail: &[(&str, &str)]) -> Self {
        let base = self.base.clone();
        let home = [("Home", "/")];
        let steps = home.iter().chain(trail).enumerate();
        let items: Vec<Value> = steps
            .map(|(place, (name, path))| {
                json!({ "@type": "ListItem", "position": place + 1, "name": name, "item": format!("{base}{path}") })
            })
            .collect();
        self.with_json_ld(&json!({
            "@context": "https://schema.org",
            "@type": "BreadcrumbList",
            "itemListElement": items,
        }))
    }

    /// What stands in the window's title.
    pub(crate) fn whole_title(&self) -> String {
        let name = &self.site.name;
        if self.title.is_empty() || self.title == *name { name.clone() } else { format!("{} · {name}", self.title) }
    }

    /// What the site's own colours add to it.
    pub(crate) fn own_style(&self) -> Option<String> {
        theme::own(&self.site.look)
    }

    /// The address of the site's mark for the browser's tab.
    pub(crate) fn icon_href(&self) -> String {
        format!("/favicon.ico?v={}", theme::version(&self.site.look))
    }

    /// Whether it is the first page of the site.
    pub(crate) fn is_home(&self) -> bool {
        &*self.path == "/"
    }

    /// Who answers for the site: the legal name, or its own.
    pub(crate) fn owner(&self) -> &str {
        let legal = &self.site.settings.legal_name;
        if legal.is_empty() { &self.site.name } else { legal }
    }
}

fn nav(site: &Site, path: &str) -> Vec<NavLink> {
    let flags = &site.flags;
    let entries = [
        (true, "/solutions", "Solutions"),
        (flags.calculator, "/roi", "Calculator"),
        (true, "/pricing", "Pricing"),
        (flags.blog, "/blog", "Blog"),
        (true, "/about", "About"),
    ];
    let shown = entries.into_iter().filter(|(on, _, _)| *on);
    shown.map(|(_, href, label)| NavLink { href, label, active: is_below(path, href) }).collect()
}

fn is_below(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// JSON that cannot end the element it stands in.
fn in_script(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// What search results show is some 160 characters; more is cut at a word.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 180;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", words.trim_end_matches([',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_for_search_engines_cannot_leave_its_element() {
        let text = in_script(&json!({ "name": "</script><script>alert(1)</script>&" }));
        assert!(!text.contains(['<', '>', '&']), "{text}");
        let read: Value = serde_json::from_str(&text).expect("it is still JSON");
        assert_eq!(read["name"], "</script><script>alert(1)</script>&");
    }

    #[test]
    fn a_description_is_cut_at_a_word() {
        let long = shortened(&"word ".repeat(80));
        assert!(long.ends_with("word…") && long.chars().count() <= 181, "{long}");
        assert_eq!(shortened("  short \n one "), "short one");
    }

    #[test]
    fn an_entry_is_active_on_what_is_below_it() {
        assert!(is_below("/blog", "/blog") && is_below("/blog/x", "/blog"));
        assert!(!is_below("/blogs", "/blog") && !is_below("/", "/blog"));
    }
}
