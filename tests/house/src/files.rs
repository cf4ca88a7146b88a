//! The files of the repository, without what is built or downloaded.

use std::fs;
use std::path::{Path, PathBuf};

const NOT_OURS: [&str; 7] = [".git", "target", "data", "node_modules", ".venv", "pictures", "__pycache__"];

/// One text file, with its path relative to the root.
#[derive(Debug)]
pub struct TextFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root is there")
}

/// Every file below a folder of the repository whose name ends so.
pub fn below(folder: &str, ending: &str) -> Vec<TextFile> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut |path| {
        if path.to_string_lossy().ends_with(ending)
            && let Ok(text) = fs::read_to_string(path)
        {
            let path = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
            found.push(TextFile { path, text });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The text of one file; panics when it is not there.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            if !NOT_OURS.contains(&name.as_str()) {
                walk(&path, visit);
            }
        } else {
            visit(&path);
        }
    }
}
