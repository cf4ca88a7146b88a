//! Documents point at things that exist: files, headings, make targets, subcommands.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use house::files::{self, TextFile};

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files::below("", ".md") {
        // What a public site says leads to its own pages.
        let of_a_site = file.path.starts_with("crates/");
        for target in links(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") || (of_a_site && target.starts_with('/')) {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            if !leads_somewhere(&file, path, heading) {
                broken.push(format!("{} → {target}", file.path));
            }
        }
    }
    assert!(broken.is_empty(), "broken links: {broken:#?}");
}

#[test]
fn make_targets_exist() {
    let makefile = files::read("Makefile");
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '.', '#', ' ']))
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, rest)| !rest.starts_with('='))
        .map(|(target, _)| target)
        .collect();
    let missing = mentioned("make ").into_iter().filter(|(_, word)| !targets.contains(word.as_str()));
    assert_eq!(missing.collect::<Vec<_>>(), []);
}

#[test]
fn subcommands_exist() {
    let reference = files::read("docs/cli.md");
    let missing =
        mentioned("recoup ").into_iter().filter(|(_, word)| !reference.contains(&format!("## recoup {word}\n")));
    assert_eq!(missing.collect::<Vec<_>>(), []);
}

#[test]
fn addresses_of_the_api_exist() {
    let description: serde_json::Value =
        serde_json::from_str(&files::read("docs/openapi.json")).expect("the generated description is JSON");
    let described: BTreeSet<String> =
        description["paths"].as_object().expect("it has paths").keys().map(|path| without_names(path)).collect();
    let mut missing = BTreeSet::new();
    for file in files::below("", ".md") {
        for span in file
            .text
            .split(['`', '\n', ' ', '?'])
            .filter(|span| span.starts_with("/v2/") && *span != "/v2/openapi.json")
        {
            if !described.contains(&without_names(span)) {
                missing.insert(format!("{}: {span}", file.path));
            }
        }
    }
    assert!(missing.is_empty(), "named in a document, not in the API: {missing:#?}");
}

/// `/v2/leads/{id}` and `/v2/leads/{lead}` are one address.
fn without_names(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// The first words after a command in code spans and indented or fenced lines, with the file that says so.
fn mentioned(command: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in files::below("", ".md") {
        for line in file.text.lines() {
            let spans = line.split('`').skip(1).step_by(2);
            let code = line.trim_start().strip_prefix("$ ").unwrap_or(line.trim_start());
            for text in spans.chain([code]) {
                let Some(word) = text.strip_prefix(command).and_then(|rest| rest.split_whitespace().next()) else {
                    continue;
                };
                let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
                let is_code = line.contains('`') || line.starts_with("    ") || line.trim_start().starts_with("$ ");
                if is_code && !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                    found.push((file.path.clone(), word.to_owned()));
                }
            }
        }
    }
    found
}

/// The targets of `[text](target)` outside code.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        for prose in line.split('`').step_by(2) {
            for rest in prose.split("](").skip(1) {
                found.extend(rest.split_once(')').map(|(target, _)| target.trim()));
            }
        }
    }
    found
}

fn leads_somewhere(from: &TextFile, path: &str, heading: &str) -> bool {
    let folder = Path::new(&from.path).parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() { PathBuf::from(&from.path) } else { plain(&folder.join(path)) };
    let whole = files::root().join(&target);
    if heading.is_empty() {
        return whole.exists();
    }
    let text = std::fs::read_to_string(whole).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading)
}

fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// As GitHub makes them: lower case, spaces to hyphens, punctuation gone.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_are_found_in_prose_only() {
    assert_eq!(links("see [a](b.md#c) and `[x](y)`\n```\n[n](o)\n```\n"), ["b.md#c"]);
    assert_eq!(anchor("## Run it: `recoup up`, twice"), "run-it-recoup-up-twice");
}

#[test]
fn tests_named_by_the_security_document_exist() {
    let document = files::read("docs/security.md").replace('\n', " ");
    let named: BTreeSet<&str> = document
        .split('[')
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
        .filter(|inside| inside.starts_with('`'))
        .flat_map(|inside| inside.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 20, "{} tests are named", named.len());
    let written: BTreeSet<String> = files::below("", ".rs")
        .into_iter()
        .filter(|file| !file.path.starts_with("tests/house"))
        .flat_map(|file| {
            let names = file.text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !written.contains(**name)).collect();
    assert!(missing.is_empty(), "named in docs/security.md and not written: {missing:#?}");
}
