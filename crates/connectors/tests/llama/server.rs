//! Starts and ends the llama.cpp server of the test, and asks it what it is doing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kernel::Clock;
use kernel::http::{Http, HttpConfig};

/// The key the server takes.
pub const KEY: &str = "local-test-key";
/// The most tokens the model can be asked for: enough to be caught in the middle of.
pub const LONGEST: u32 = 60_000;

/// A running server; it ends with its owner, since it watches its standard input.
pub struct Llama {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    child: Child,
    http: Http,
}

impl Llama {
    /// Starts it, or says what is missing and gives `None`; in CI that is a failure.
    pub fn start() -> Option<Self> {
        match Self::try_start() {
            Ok(server) => Some(server),
            Err(missing) => {
                assert!(std::env::var_os("CI").is_none(), "the llama.cpp test cannot run: {missing}");
                eprintln!("skipped: the llama.cpp test cannot run: {missing}");
                None
            }
        }
    }

    fn try_start() -> Result<Self, String> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/llama");
        let python = environment(&scripts.join("requirements.txt"))?;
        let model = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("random-{}.gguf", std::process::id()));
        run(Command::new(&python).arg(scripts.join("make_gguf.py")).arg(&model))?;
        let mut child = Command::new(&python)
            .arg(scripts.join("serve.py"))
            .arg(&model)
            .arg(KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let out = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        std::fs::remove_file(&model).map_err(|error| format!("{}: {error}", model.display()))?;
        let Some(address) = address else {
            child.wait().map_err(|error| error.to_string())?;
            return Err("the server ended before it was ready; run tests/llama/serve.py by hand to see why".into());
        };
        let http = Http::new(HttpConfig::default(), Clock::system()).map_err(|error| error.to_string())?;
        Ok(Self { address, child, http })
    }

    /// True while it works on an answer.
    pub async fn is_busy(&self) -> bool {
        let slots: serde_json::Value = serde_json::from_str(&self.get("slots").await).expect("a list of slots");
        slots.as_array().expect("a list").iter().any(|slot| slot["is_processing"] == true)
    }

    /// All tokens it has made since it started.
    pub async fn tokens_made(&self) -> f64 {
        let metrics = self.get("metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("llamacpp:tokens_predicted_total "));
        line.expect("the server counts its tokens").trim().parse().expect("a number")
    }

    /// Ends it and waits until it has.
    pub fn stop(&mut self) {
        drop(self.child.stdin.take());
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    async fn get(&self, path: &str) -> String {
        let request = self.http.get("llama.watch", format!("{}/{path}", self.address)).bearer(KEY);
        String::from_utf8_lossy(&request.send().await.expect("an answer").body).into_owned()
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        if self.child.stdin.is_some() {
            self.stop();
        }
    }
}

/// The Python of a virtual environment with the server in it, made once per target folder.
fn environment(requirements: &Path) -> Result<PathBuf, String> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("llama-venv");
    let python = place.join("bin/python");
    if works(&python) {
        return Ok(python);
    }
    let python3 = run(Command::new("python3").arg("--version"));
    python3.map_err(|error| format!("python3 is missing (Debian: apt-get install python3 python3-venv): {error}"))?;
    // Built aside and moved into place, so that a run that was cut off leaves nothing half made.
    let draft = place.with_extension(format!("draft-{}", std::process::id()));
    run(Command::new("python3").args(["-m", "venv", "--copies"]).arg(&draft))
        .map_err(|error| format!("python3 cannot make environments (Debian: apt-get install python3-venv): {error}"))?;
    let mut pip = Command::new(draft.join("bin/python"));
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))
        .map_err(|error| format!("pip cannot install {} (is PyPI reachable?): {error}", requirements.display()))?;
    if works(&python) {
        // Another run was first; its environment is as good.
        std::fs::remove_dir_all(&draft).map_err(|error| error.to_string())?;
        return Ok(python);
    }
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    }
    std::fs::rename(&draft, &place).map_err(|error| error.to_string())?;
    Ok(python)
}

fn works(python: &Path) -> bool {
    let import = Command::new(python).args(["-c", "import xllamacpp, gguf"]).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(words.lines().last().unwrap_or("it failed without a word").to_owned())
}
