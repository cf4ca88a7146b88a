//! Arrows point one way: kernel ← ai, connectors, shell ← rooms ← recoup. Rooms never import one another: they meet through
//! ledger events and through traits that the asking room owns and `recoup` wires.

use house::metadata::Metadata;

const ROOMS: [&str; 9] =
    ["identity", "inbox", "leads", "revenue", "intake", "advisor", "reports", "site", "operations"];

/// What a crate of ours may import of ours; a new crate needs a line here, which is the moment to think about it.
fn may_import(importer: &str) -> &'static [&'static str] {
    match importer {
        // These stand on nothing of ours, so that they can be used and tested alone.
        "kernel" | "encoder" | "documents" | "saml" | "sftp" | "stats" | "pdf" | "images" | "standins" | "house" => &[],
        "connectors" | "shell" => &["kernel"],
        // The gateway calls providers through the OpenAI wire format, which is the connectors' business.
        "ai" => &["kernel", "encoder", "documents", "connectors"],
        // Identity alone speaks SAML.
        "identity" => &["kernel", "ai", "documents", "connectors", "shell", "saml"],
        // Each heavy or pure part has one room that uses it.
        "intake" => &["kernel", "connectors", "shell", "sftp"],
        "revenue" => &["kernel", "ai", "connectors", "shell", "stats"],
        "reports" => &["kernel", "ai", "shell", "pdf"],
        "site" => &["kernel", "ai", "shell", "images", "pdf", "stats"],
        room if ROOMS.contains(&room) => &["kernel", "ai", "documents", "connectors", "shell"],
        "recoup" => &[
            "kernel",
            "ai",
            "encoder",
            "documents",
            "connectors",
            "shell",
            "identity",
            "inbox",
            "leads",
            "revenue",
            "intake",
            "advisor",
            "reports",
            "site",
            "operations",
            "stats",
            "standins",
        ],
        // Whole-product tests drive the product from outside.
        "product-tests" | "drills" | "browser-tests" => &[
            "product-tests",
            "kernel",
            "ai",
            "connectors",
            "shell",
            "identity",
            "inbox",
            "leads",
            "revenue",
            "intake",
            "advisor",
            "reports",
            "site",
            "operations",
            "recoup",
            "standins",
        ],
        _ => panic!("{importer} is new: say in tests/house/tests/arrows.rs what it may import"),
    }
}

/// Tests may also use the stand-ins, and the crate itself with its test features on. The program is killed in its own tests.
fn may_import_in_tests(importer: &str, imported: &str) -> bool {
    imported == importer
        || imported == "standins"
        || (importer, imported) == ("recoup", "drills")
        || may_import(importer).contains(&imported)
}

#[test]
fn no_crate_gains_a_forbidden_edge() {
    let metadata = Metadata::read();
    let ours: Vec<&str> = metadata.ours().map(|package| package.name.as_str()).collect();
    let mut forbidden = Vec::new();
    for package in metadata.ours() {
        for dependency in package.dependencies.iter().filter(|dependency| ours.contains(&dependency.name.as_str())) {
            let fine = match dependency.kind.as_deref() {
                Some("dev") => may_import_in_tests(&package.name, &dependency.name),
                _ => may_import(&package.name).contains(&dependency.name.as_str()),
            };
            if !fine {
                forbidden.push(format!("{} → {}", package.name, dependency.name));
            }
        }
    }
    assert!(forbidden.is_empty(), "forbidden edges: {forbidden:?}");
}

#[test]
fn rooms_do_not_know_one_another() {
    for room in ROOMS {
        for other in ROOMS.iter().filter(|other| **other != room) {
            assert!(!may_import(room).contains(other), "{room} → {other}");
            assert!(!may_import_in_tests(room, other), "{room} → {other} in tests");
        }
    }
}
