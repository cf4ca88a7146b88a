//! Installs and starts the real provider of `tests/oidc`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running provider; it ends with its owner, since it watches its standard input.
pub struct Provider {
    pub issuer: String,
    child: Child,
    /// Kept open: a program whose output nobody takes any more ends at its next word.
    _out: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts it, or says what is missing and gives `None`; in CI that is a failure.
    pub fn start(redirect_url: &str, alg: &str) -> Option<Self> {
        match Self::try_start(redirect_url, alg) {
            Ok(provider) => Some(provider),
            Err(missing) => {
                assert!(std::env::var_os("CI").is_none(), "the test with a real provider cannot run: {missing}");
                eprintln!("skipped: the test with a real provider cannot run: {missing}");
                None
            }
        }
    }

    fn try_start(redirect_url: &str, alg: &str) -> Result<Self, String> {
        let folder = installed()?;
        let mut child = Command::new("node")
            .current_dir(&folder)
            .args(["serve.mjs", redirect_url, alg])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("node: {error}"))?;
        let out = child.stdout.take().expect("standard output is piped");
        let mut out = BufReader::new(out);
        let mut lines = out.by_ref().lines().map_while(Result::ok);
        match lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned)) {
            Some(issuer) => Ok(Self { issuer, child, _out: out }),
            None => Err("the provider ended before it was ready; run tests/oidc/serve.mjs by hand to see why".into()),
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already, by its standard input.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The folder with the provider's packages, exactly as the lock file names them; whoever comes first installs them.
fn installed() -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc");
    let read = |name: &str| fs::read(source.join(name)).map_err(|error| format!("{name}: {error}"));
    let lock = read("package-lock.json")?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &lock);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oidc-{}", hex::encode(&digest.as_ref()[..8])));
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(io)?;
    let guard = File::create(folder.join("installing")).map_err(io)?;
    guard.lock().map_err(io)?;
    for name in ["package.json", "package-lock.json", "serve.mjs"] {
        fs::write(folder.join(name), read(name)?).map_err(io)?;
    }
    if !folder.join("whole").exists() {
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
        let done = npm.output().map_err(|error| format!("npm: {error}"))?;
        if !done.status.success() {
            return Err(format!("npm ci: {}", String::from_utf8_lossy(&done.stderr)));
        }
        // Last: an installation that was cut short is begun again.
        fs::write(folder.join("whole"), b"").map_err(io)?;
    }
    Ok(folder)
}
