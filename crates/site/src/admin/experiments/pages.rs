//! The pages whose wordings can be compared: those the program brings with texts of their own. What the law asks for is not tried out.

use std::sync::LazyLock;

use shell::AppError;

use crate::content::{Builtin, Kind, builtin};

/// Pages that say what the law asks for.
const LEGAL: [&str; 2] = ["privacy", "terms"];
/// A text that only lists of other pages show.
const OF_LISTS: &str = "name";

/// A page, as experiments know it.
struct Known {
    /// What an experiment keeps: the slug of a page, the path of a solution without the slash before it.
    word: String,
    name: String,
    page: &'static Builtin,
}

static ALL: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let compared = builtin::all().iter().filter(|page| !LEGAL.contains(&page.slug));
    compared.map(|page| Known { word: word(page), name: name(page), page }).collect()
});

fn word(page: &Builtin) -> String {
    match page.kind {
        Kind::Page => page.slug.to_owned(),
        other => other.path(page.slug).trim_start_matches('/').to_owned(),
    }
}

fn name(page: &Builtin) -> String {
    if page.kind == Kind::Solution {
        return format!("Solution: {}", page.fields["name"].as_str().unwrap_or(&page.title));
    }
    let mut letters = page.slug.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str().replace('-', " "))
}

/// Each with its word and its name, in the order in which pages list them.
pub(super) fn all() -> Vec<(&'static str, &'static str)> {
    ALL.iter().map(|known| (known.word.as_str(), known.name.as_str())).collect()
}

/// Whether a page can have wordings.
///
/// # Errors
/// A complaint about the field.
pub(super) fn check(word: &str) -> Result<(), AppError> {
    if ALL.iter().any(|known| known.word == word) {
        return Ok(());
    }
    Err(AppError::field("page", "is not a page whose wording can be compared"))
}

/// The texts of a page that can be worded differently, as the program brings them.
pub(super) fn texts(word: &str) -> Vec<(String, String)> {
    let Some(Known { page, .. }) = ALL.iter().find(|known| known.word == word) else { return Vec::new() };
    let own = [("title", &page.title), ("summary", &page.summary)];
    let own = own.into_iter().map(|(name, said)| (name.to_owned(), said.clone()));
    let others = page.fields.as_object().into_iter().flatten().filter(|(name, _)| name.as_str() != OF_LISTS);
    own.chain(others.filter_map(|(name, said)| Some((name.clone(), said.as_str()?.to_owned())))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_words_is_there_but_those_of_the_law() {
        let all = all();
        for known in [("home", "Home"), ("case-studies", "Case studies"), ("solutions/clinics", "Solution: Clinics")] {
            assert!(all.contains(&known), "{known:?} in {all:?}");
        }
        assert!(all.iter().all(|(word, _)| check(word).is_ok() && texts(word).len() > 1));
        assert!(check("privacy").is_err() && check("solutions/").is_err() && texts("terms").is_empty());
        assert!(texts("solutions/clinics").iter().any(|(name, _)| name == "headline"));
        assert!(texts("solutions/clinics").iter().all(|(name, _)| name != OF_LISTS));
    }
}
