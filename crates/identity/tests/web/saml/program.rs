//! Installs and starts the identity provider of `tests/saml`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running identity provider; it ends with its owner, since it watches its standard input.
pub struct Provider {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    child: Child,
}

impl Provider {
    /// Starts it, or says what is missing and gives `None`; in CI that is a failure.
    pub fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(provider) => Some(provider),
            Err(missing) => {
                assert!(std::env::var_os("CI").is_none(), "the test with a real provider cannot run: {missing}");
                eprintln!("skipped: the test with a real provider cannot run: {missing}");
                None
            }
        }
    }

    fn try_start() -> Result<Self, String> {
        run(Command::new("xmlsec1").arg("--version"))
            .map_err(|error| format!("xmlsec1 is missing (Debian: apt-get install xmlsec1): {error}"))?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/saml");
        let python = environment(&source.join("requirements.txt"))?;
        let mut child = Command::new(&python)
            .arg(source.join("idp.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let out = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        match lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned)) {
            Some(address) => Ok(Self { address, child }),
            None => Err("the provider ended before it was ready; run tests/saml/idp.py by hand to see why".into()),
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

/// The Python of an environment with what the requirements name; whoever comes first makes it.
fn environment(requirements: &Path) -> Result<PathBuf, String> {
    let text = fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &text);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("saml-{}", hex::encode(&digest.as_ref()[..8])));
    let io = |error: std::io::Error| format!("{}: {error}", place.display());
    fs::create_dir_all(&place).map_err(io)?;
    let guard = File::create(place.join("installing")).map_err(io)?;
    guard.lock().map_err(io)?;
    let python = place.join("venv/bin/python");
    if place.join("whole").exists() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(place.join("venv")))
        .map_err(|error| format!("python3 cannot make environments (Debian: apt-get install python3-venv): {error}"))?;
    let mut pip = Command::new(&python);
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))
        .map_err(|error| format!("pip cannot install {} (is PyPI reachable?): {error}", requirements.display()))?;
    // Last: an installation that was cut short is begun again.
    fs::write(place.join("whole"), b"").map_err(io)?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(words.lines().last().unwrap_or("it failed without a word").to_owned())
}
