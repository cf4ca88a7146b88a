//! What may come into the house, and that nothing stays in it unused.

use std::path::Path;

use house::metadata::{Dependency, Metadata, Package};
use house::policy::Policy;
use house::{files, licence};

#[test]
fn every_licence_is_permissive() {
    let (metadata, policy) = (Metadata::read(), Policy::read());
    let refused: Vec<String> = metadata
        .others()
        .filter(|package| {
            !package
                .license
                .as_deref()
                .is_some_and(|expression| licence::is_allowed(expression, &policy.licenses.allow))
        })
        .map(|package| {
            format!("{} {}: {}", package.name, package.version, package.license.as_deref().unwrap_or("none named"))
        })
        .collect();
    assert!(refused.is_empty(), "licences outside deny.toml: {refused:#?}");
}

#[test]
fn no_banned_crate_comes_in() {
    let (metadata, policy) = (Metadata::read(), Policy::read());
    let inside: Vec<String> = policy
        .bans
        .deny
        .iter()
        .filter(|ban| metadata.others().any(|package| package.name == ban.name))
        .map(|ban| format!("{}: {}", ban.name, ban.reason))
        .collect();
    assert!(inside.is_empty(), "banned: {inside:#?}");
}

#[test]
fn there_is_one_of_each_great_library() {
    let metadata = Metadata::read();
    for name in ["ring", "rustls", "tokio", "hyper", "axum", "sqlx", "reqwest", "serde"] {
        let versions: Vec<&str> =
            metadata.others().filter(|package| package.name == name).map(|package| package.version.as_str()).collect();
        assert!(
            versions.len() <= 1,
            "{name} comes in several versions: {versions:?}; `cargo tree -i {name}` says through whom"
        );
    }
}

#[test]
fn everything_comes_from_crates_io() {
    let metadata = Metadata::read();
    let strangers: Vec<&str> = metadata
        .others()
        .filter(|package| package.source.as_deref() != Some("registry+https://github.com/rust-lang/crates.io-index"))
        .map(|package| package.name.as_str())
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn every_crate_has_its_line_in_the_decisions() {
    let manifest: toml::Table = files::read("Cargo.toml").parse().expect("Cargo reads it too");
    let named = files::read("docs/decisions/crates.md");
    let named: Vec<&str> =
        named.lines().filter_map(|line| line.split_once(": ")).flat_map(|(names, _)| names.split(", ")).collect();
    let dependencies = manifest["workspace"]["dependencies"].as_table().expect("a table of crates");
    let silent: Vec<&String> = dependencies
        .iter()
        .filter(|(name, asked)| asked.get("path").is_none() && !named.contains(&name.as_str()))
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "without a line in docs/decisions/crates.md: {silent:?}");
}

#[test]
fn no_dependency_is_unused() {
    let metadata = Metadata::read();
    let root = files::root();
    let mut unused = Vec::new();
    for package in metadata.ours() {
        let folder = Path::new(&package.manifest_path).parent().expect("a manifest lies in a folder");
        let folder = folder.strip_prefix(&root).expect("our crates lie under the root").to_string_lossy();
        let sources = files::below(&folder, ".rs");
        unused.extend(
            package
                .dependencies
                .iter()
                .filter(|dependency| !is_used(package, dependency, &sources))
                .map(|dependency| format!("{} → {}", package.name, dependency.name)),
        );
    }
    assert!(unused.is_empty(), "named in Cargo.toml and nowhere in the code: {unused:#?}");
}

/// A crate's own name in its dev-dependencies only switches its test features on.
fn is_used(package: &Package, dependency: &Dependency, sources: &[files::TextFile]) -> bool {
    let name = dependency.rename.as_deref().unwrap_or(&dependency.name).replace('-', "_");
    dependency.name == package.name || sources.iter().any(|source| has_word(&source.text, &name))
}

fn has_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part_of_name) && !text[at + word.len()..].starts_with(part_of_name))
}

#[test]
fn words_are_found_whole() {
    assert!(has_word("use toml::from_str;", "toml"));
    assert!(!has_word("let tomlish = my_toml;", "toml"));
}
