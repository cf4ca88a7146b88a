//! The files of the browser, inside the binary: style sheet, scripts, icons, font.
//!
//! Their addresses carry the hash of their content, so they are cached for good; `build.rs` makes and compresses them.

mod serve;

pub(crate) use serve::serve;

/// One embedded file.
pub(crate) struct Asset {
    name: &'static str,
    url: &'static str,
    kind: &'static str,
    raw: &'static [u8],
    br: Option<&'static [u8]>,
    gz: Option<&'static [u8]>,
}

impl Asset {
    fn is_module(&self) -> bool {
        self.kind.starts_with("text/javascript") && self.name != "htmx.min.js" && !self.is_of_site()
    }

    /// Whether it is for public sites: their scripts are named `site-…`.
    fn is_of_site(&self) -> bool {
        self.name.starts_with("site")
    }
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file by its plain name, such as `app.css`. An unknown name gives an address that answers 404, and a
/// test renders every template to find those.
pub fn asset(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("/assets/missing", |asset| asset.url)
}

/// The words of a style sheet or script, for whoever puts them into a page: what it refers to is named from the root. An unknown name
/// is empty.
pub fn words(name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name).map_or(&[][..], |asset| asset.raw);
    String::from_utf8_lossy(found).replace("\"./", "\"/assets/")
}

/// The addresses of the script modules, to load them without waiting for one another.
pub fn modules() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().filter(|asset| asset.is_module()).map(|asset| asset.url)
}

/// Whether the sprite has an icon of this name.
#[cfg(test)]
pub(crate) fn has_icon(name: &str) -> bool {
    let sprite = ASSETS.iter().find(|asset| asset.name == "icons.svg").map_or(&[][..], |asset| asset.raw);
    String::from_utf8_lossy(sprite).contains(&format!("id=\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_script_stays_under_fifty_kilobytes_compressed() {
        for of_site in [false, true] {
            let scripts = ASSETS.iter().filter(|asset| asset.kind.starts_with("text/javascript"));
            let scripts = scripts.filter(|asset| asset.is_of_site() == of_site);
            let size: usize = scripts.map(|asset| asset.gz.map_or(asset.raw.len(), <[u8]>::len)).sum();
            assert!(size < 50 * 1024, "{size} bytes of script");
        }
    }

    #[test]
    fn the_style_of_public_sites_stays_under_twelve_kilobytes_compressed() {
        let sheets = ASSETS.iter().filter(|asset| matches!(asset.name, "site.css" | "site-more.css" | "site-font.css"));
        let sizes: Vec<usize> = sheets.map(|css| css.gz.map_or(css.raw.len(), <[u8]>::len)).collect();
        assert!(sizes.len() == 3 && sizes.iter().sum::<usize>() < 12 * 1024, "{sizes:?} bytes of style");
    }

    #[test]
    fn no_reference_between_files_is_left_without_its_hash() {
        for asset in ASSETS.iter().filter(|asset| asset.kind.starts_with("text/") && asset.name != "htmx.min.js") {
            let text = String::from_utf8_lossy(asset.raw);
            for reference in text.split("\"./").skip(1) {
                let name = reference.split('"').next().unwrap_or_default();
                let target = format!("/assets/{name}");
                assert!(ASSETS.iter().any(|asset| asset.url == target), "{}: ./{name}", asset.name);
            }
        }
    }

    #[test]
    fn one_style_rule_set_per_component_and_no_outside_address() {
        let css = ASSETS.iter().find(|asset| asset.name == "app.css").expect("the style sheet");
        let text = String::from_utf8_lossy(css.raw);
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"));
    }
}
