//! Programs of others that tests run: installed once under the target folder, exactly as their lock files name them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of a virtual environment with the packages of a `requirements.txt`, or what is missing. `name` names its folder.
///
/// # Errors
/// What cannot be had, for a person.
pub fn python(tmp: &Path, name: &str, requirements: &Path) -> Result<PathBuf, String> {
    let wanted = fs::read_to_string(requirements).map_err(|error| error.to_string())?;
    let (place, done) = (tmp.join(format!("{name}-venv")), tmp.join(format!("{name}-venv.done")));
    let lock = File::create(tmp.join(format!("{name}-venv.lock"))).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let python = place.join("bin/python");
    if fs::read_to_string(&done).is_ok_and(|made| made == wanted) && python.exists() {
        return Ok(python);
    }
    if place.exists() {
        fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    }
    run(Command::new("python3").args(["-m", "venv", "--copies"]).arg(&place))
        .map_err(|error| format!("python3 cannot make environments (Debian: apt-get install python3-venv): {error}"))?;
    let mut pip = Command::new(&python);
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))
        .map_err(|error| format!("pip cannot install {}: {error}", requirements.display()))?;
    fs::write(&done, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

/// A folder with the npm packages of `source` and its scripts, or what is missing.
///
/// # Errors
/// What cannot be had, for a person.
pub fn node(tmp: &Path, name: &str, source: &Path) -> Result<PathBuf, String> {
    let folder = tmp.join(format!("{name}-node"));
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(io)?;
    let guard = File::create(folder.join("installing")).map_err(io)?;
    guard.lock().map_err(io)?;
    let lock = fs::read_to_string(source.join("package-lock.json")).map_err(io)?;
    for entry in fs::read_dir(source).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_type().map_err(io)?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).map_err(io)?;
        }
    }
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|made| made == lock) {
        return Ok(folder);
    }
    run(Command::new("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))
        .map_err(|error| format!("npm ci: {error}"))?;
    fs::write(&done, lock).map_err(io)?;
    Ok(folder)
}

/// Takes what was installed; without it the test fails in CI and is skipped elsewhere.
pub fn or_skip<T>(what: &str, had: Result<T, String>) -> Option<T> {
    match had {
        Ok(had) => Some(had),
        Err(missing) => {
            assert!(std::env::var_os("CI").is_none(), "{what} cannot run: {missing}");
            eprintln!("skipped: {what} cannot run: {missing}");
            None
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(words.lines().last().unwrap_or("it failed without a word").to_owned())
}
