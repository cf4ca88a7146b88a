//! Sizes beyond which a file stops being readable, and what no file may hold.

use house::files;

/// Tests and generated tables included. The aim is 200 lines of production code; this is the wall.
const LONGEST_FILE: usize = 600;

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = ["crates", "tests"]
        .into_iter()
        .flat_map(|folder| files::below(folder, ".rs"))
        .filter(|file| file.text.lines().count() > LONGEST_FILE)
        .map(|file| format!("{}: {}", file.path, file.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = files::below("crates", ".rs")
        .into_iter()
        .filter(|file| file.path.contains("/src/") && !file.text.starts_with("//!"))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "without an opening `//!`: {silent:#?}");
}

#[test]
fn every_migration_says_what_runs_during_its_roll_out() {
    let silent: Vec<String> = files::below("migrations", ".sql")
        .into_iter()
        .filter(|file| !file.text.starts_with("-- Roll-out:"))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "without an opening `-- Roll-out:`: {silent:#?}");
}

/// The content security policy refuses them, so they would silently do nothing.
#[test]
fn templates_have_no_inline_script_or_style() {
    let mut found = Vec::new();
    for file in files::below("crates", ".html") {
        for (number, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            let inline = [" style=", "<style", " onclick=", " onchange=", " onsubmit=", " oninput=", "javascript:"];
            // Data for search engines is no script.
            let data = line.contains("<script type=\"application/ld+json\">");
            let script = line.contains("<script") && !line.contains("src=") && !data;
            // What stands in public pages, which their policy names by its digest.
            let framed = file.path.ends_with("site/templates/site/frame.html");
            let named = framed && (line.starts_with("<style>{{") || line.starts_with("<script>{{"));
            if !named && (script || inline.iter().any(|part| line.contains(part))) {
                found.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    assert!(found.is_empty(), "inline script or style: {found:#?}");
}
