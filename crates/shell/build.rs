//! Makes the served files from `assets/`: joins the style sheets, gives every file a name with its content's hash,
//! rewrites references between files to those names, and compresses each once.
//!
//! Style sheets and icons are joined because each is one request; scripts stay the modules they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file as it will be served.
struct Served {
    /// `app.css`: the name templates use.
    name: String,
    /// `app.3f9ac2d1e4b5a697.css`: the name in addresses.
    hashed: String,
    kind: &'static str,
    bytes: Vec<u8>,
}

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../../assets");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut served = Vec::new();
    for path in files(&root.join("fonts"), "woff2") {
        served.push(plain(&path, "font/woff2"));
    }
    served.push(named("icons.svg", "image/svg+xml", icons(&root.join("icons")).into_bytes()));
    served.push(named("mark.svg", "image/svg+xml", fs::read(root.join("mark.svg")).expect("assets/mark.svg")));
    let css = rewrite(&joined(&root.join("css")), &served);
    served.push(named("app.css", "text/css; charset=utf-8", css.into_bytes()));
    // Public sites share the tokens and nothing else.
    let tokens = fs::read_to_string(root.join("css/00-tokens.css")).expect("assets/css/00-tokens.css");
    let [words, more, font] = divided(&root.join("site/css"));
    for (name, css) in [("site.css", tightened(&tokens) + &words), ("site-more.css", more), ("site-font.css", font)] {
        let css = rewrite(&css, &served);
        served.push(named(name, "text/css; charset=utf-8", css.into_bytes()));
    }
    served.push(plain(&root.join("vendor/htmx.min.js"), SCRIPT));
    modules(&root.join("js"), &mut served);
    modules(&root.join("site/js"), &mut served);
    write(&out, &served);
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).expect("a UTF-8 file name").to_owned()
}

fn plain(path: &Path, kind: &'static str) -> Served {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a UTF-8 file name");
    named(name, kind, fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn named(name: &str, kind: &'static str, bytes: Vec<u8>) -> Served {
    let (stem, extension) = name.rsplit_once('.').expect("a name with an extension");
    Served { hashed: format!("{stem}.{:016x}.{extension}", hash(&bytes)), name: name.to_owned(), kind, bytes }
}

/// FNV-1a, 64 bits: names differ when contents do; nothing rests on it being hard to forge.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The style sheets in the order of their names (`00-tokens.css` first), tightened.
fn joined(folder: &Path) -> String {
    let mut out = String::new();
    for path in files(folder, "css") {
        out += &tightened(&fs::read_to_string(&path).expect("a readable style sheet"));
    }
    out
}

/// The style of public sites: what pages of words need, what the others need besides (from `40-` on), and the font (`90-`).
fn divided(folder: &Path) -> [String; 3] {
    let mut parts = [const { String::new() }; 3];
    for path in files(folder, "css") {
        let part = match stem(&path).as_str() {
            name if name < "40" => 0,
            name if name < "90" => 1,
            _ => 2,
        };
        parts[part] += &tightened(&fs::read_to_string(&path).expect("a readable style sheet"));
    }
    parts
}

/// A style sheet without comments and without blanks that say nothing; what stands in quotes is left alone.
fn tightened(source: &str) -> String {
    let source = without_comments(source);
    let mut out = String::with_capacity(source.len());
    let mut quote = None;
    let mut blank = false;
    for letter in source.chars() {
        if quote.is_none() && letter.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !out.ends_with(['{', '}', ';', ',', ':', '>']) && !"{};,>".contains(letter) {
            out.push(' ');
        }
        match quote {
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            Some(open) if open == letter => quote = None,
            _ => {}
        }
        if letter == '}' && out.ends_with(';') {
            out.pop();
        }
        out.push(letter);
    }
    out
}

fn without_comments(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// One sprite: every icon is a symbol with the name of its file.
fn icons(folder: &Path) -> String {
    let mut out = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">\n");
    for path in files(folder, "svg") {
        let source = fs::read_to_string(&path).expect("a readable icon");
        let open = source.find("<svg").expect("an <svg> element");
        let body = &source[open..];
        let start = body.find('>').expect("an opening tag") + 1;
        let end = body.rfind("</svg>").expect("a closing tag");
        let drawing: String = body[start..end].lines().map(str::trim).collect();
        writeln!(out, "<symbol id=\"{}\" viewBox=\"0 0 24 24\">{drawing}</symbol>", stem(&path)).expect("a String");
    }
    out + "</svg>\n"
}

/// Scripts import one another as `"./live.js"`; each is added once all it imports have their names.
fn modules(folder: &Path, served: &mut Vec<Served>) {
    let mut waiting: BTreeMap<String, String> = files(folder, "js")
        .iter()
        .map(|path| (format!("{}.js", stem(path)), fs::read_to_string(path).expect("a readable script")))
        .collect();
    while !waiting.is_empty() {
        let ready: Vec<String> = waiting
            .iter()
            .filter(|(_, source)| !waiting.keys().any(|name| source.contains(&format!("\"./{name}\""))))
            .map(|(name, _)| name.clone())
            .collect();
        assert!(!ready.is_empty(), "scripts import one another in a circle: {:?}", waiting.keys());
        for name in ready {
            let source = waiting.remove(&name).expect("it was there");
            let source = rewrite(&source, served);
            served.push(named(&name, SCRIPT, source.into_bytes()));
        }
    }
}

/// Replaces `./name` by `./name-with-hash` for every file already named.
fn rewrite(source: &str, served: &[Served]) -> String {
    served.iter().fold(source.to_owned(), |text, file| {
        text.replace(&format!("\"./{}\"", file.name), &format!("\"./{}\"", file.hashed))
    })
}

fn write(out: &Path, served: &[Served]) {
    let mut table = String::from("&[\n");
    for file in served {
        fs::write(out.join(&file.hashed), &file.bytes).expect("OUT_DIR is writable");
        let mut encodings = String::new();
        for (suffix, packed) in [("br", brotli(&file.bytes)), ("gz", gzip(&file.bytes))] {
            // Fonts are compressed already; packing them again only costs.
            let smaller = packed.len() * 10 < file.bytes.len() * 9;
            let entry = if smaller {
                let packed_name = format!("{}.{suffix}", file.hashed);
                fs::write(out.join(&packed_name), packed).expect("OUT_DIR is writable");
                format!("Some({})", include(&packed_name))
            } else {
                "None".to_owned()
            };
            write!(encodings, ", {suffix}: {entry}").expect("a String");
        }
        let Served { name, hashed, kind, .. } = file;
        let raw = include(hashed);
        writeln!(
            table,
            "Asset {{ name: {name:?}, url: \"/assets/{hashed}\", kind: {kind:?}, raw: {raw}{encodings} }},"
        )
        .expect("a String");
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table).expect("OUT_DIR is writable");
}

/// The expression that embeds a file of this folder.
fn include(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 10, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &params).expect("memory to memory");
    packed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory to memory");
    encoder.finish().expect("memory to memory")
}
