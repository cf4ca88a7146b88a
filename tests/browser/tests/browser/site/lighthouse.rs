//! Lighthouse, as a phone sees the site: 100 in what does not depend on how busy this machine is, nothing that moves, few bytes. How
//! fast it is belongs to the bench (`scripts/lighthouse.sh`).

use std::path::Path;
use std::process::{Command, Stdio};

use product_tests::Product;
use product_tests::outside::{node, or_skip};
use serde_json::{Value, json};

use super::super::EVIDENCE;
use super::publish;

const CATEGORIES: [&str; 3] = ["accessibility", "best-practices", "seo"];
/// The most bytes that a first visit of a page may load.
const MOST_BYTES: u64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn lighthouse_gives_100_and_finds_nothing_that_moves() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lighthouse");
    let Some(folder) = or_skip("Lighthouse", node(Path::new(EVIDENCE), "lighthouse", &scripts)) else { return };
    let product = Product::start().await;
    publish(&product).await;
    let answers = json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["missed_calls"], "currentSystems": ["crm"], "kpis": ["inquiries"],
    });
    let (status, result) = product.call("POST", "/v2/audit/submit", answers).await;
    assert_eq!(status, 201, "{result}");
    let result = format!("/audit/results/{}", result["auditId"].as_str().expect("an id"));
    let pages = ["/", "/audit", result.as_str(), "/blog/count-the-calls"].map(|path| product.url(path));
    let (program, evidence) = (folder.join("run.mjs"), EVIDENCE.to_owned());
    let run = move || {
        let mut node = Command::new("node");
        node.arg(program).args(&pages).env("FOLDER", evidence).stdin(Stdio::null());
        if let Some(chrome) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find) {
            node.env("CHROME_PATH", chrome);
        }
        node.output()
    };
    let output = tokio::task::spawn_blocking(run).await.expect("it ends").expect("node runs");
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    let measured: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(measured.len(), 4, "{said}\n{complaints}");
    for page in &measured {
        for category in CATEGORIES {
            assert_eq!(page[category], 100, "{category} of {page:#}");
        }
        assert_eq!(page["layout_shift"], 0, "{page:#}");
        assert!(page["bytes"].as_u64().is_some_and(|bytes| bytes < MOST_BYTES), "{page:#}");
    }
    product.end().await;
}

/// Where a program is, by the folders that programs are in.
fn find(name: &str) -> Option<std::path::PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}
