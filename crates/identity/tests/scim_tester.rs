//! `scim2-tester` (`PyPI`) against the running server, over HTTP, by the schemas we publish and by those of the standard.
//!
//! It comes into a virtual environment under the target folder (made once). Where that cannot be done the test says what is
//! missing: it fails in CI (`CI=true`) and is skipped elsewhere.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use identity::Identity;
use identity::keys::{self, NewKey};
use kernel::testing::TestDb;
use shell::{App, Permission, Settings};

#[tokio::test]
async fn scim2_tester_finds_no_error() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scim");
    let python = match environment(&scripts.join("requirements.txt")) {
        Ok(python) => python,
        Err(missing) => {
            assert!(std::env::var_os("CI").is_none(), "scim2-tester cannot run: {missing}");
            eprintln!("skipped: scim2-tester cannot run: {missing}");
            return;
        }
    };
    let (base, token, _db) = server().await;
    let checked = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(python)
            .arg(scripts.join("check.py"))
            .arg(base)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python starts");
        writeln!(child.stdin.take().expect("standard input is piped"), "{token}").expect("it reads the token");
        child.wait_with_output().expect("it ends")
    });
    let output = checked.await.expect("the check ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for run in ["published", "standard"] {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("{run}: "))).expect("a count");
        let count: usize = line.split(' ').next().expect("a number").parse().expect("a number");
        assert!(count > 90, "{said}");
    }
}

/// A server on a free port with an organisation, and a token of its provider.
async fn server() -> (String, String, TestDb) {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let identity = Identity::open(&kernel).await.expect("the room opens");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let public_url = format!("http://{}", listener.local_addr().expect("an address"));
    let settings = Settings { public_url: public_url.clone(), ..Settings::default() };
    let app = App::new(kernel.clone(), identity.authenticator(), settings);
    let router = shell::assemble(&app, vec![identity.room(&app)]);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let new = identity::registration::NewOrganisation {
        organisation: "Northwind".into(),
        name: "Olive Owner".into(),
        email: "owner@northwind.example".into(),
        password: "correct horse battery".into(),
    };
    let registered = identity::registration::register(&kernel, new).await.expect("an organisation");
    let key = NewKey { name: "Provider".into(), scopes: vec![Permission::Scim], ..NewKey::default() };
    let (_, token) = keys::create(&kernel, registered.org, key).await.expect("a key");
    (format!("{public_url}/scim/v2"), token, db)
}

/// The Python of a virtual environment with the checks in it. Whoever comes first makes it; the others wait for the lock.
fn environment(requirements: &Path) -> Result<PathBuf, String> {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let wanted = std::fs::read_to_string(requirements).map_err(|error| error.to_string())?;
    let (place, done) = (tmp.join("scim-venv"), tmp.join("scim-venv.done"));
    let lock = File::create(tmp.join("scim-venv.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let python = place.join("bin/python");
    if std::fs::read_to_string(&done).is_ok_and(|made| made == wanted) && python.exists() {
        return Ok(python);
    }
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    }
    run(Command::new("python3").args(["-m", "venv", "--copies"]).arg(&place))
        .map_err(|error| format!("python3 cannot make environments (Debian: apt-get install python3-venv): {error}"))?;
    let mut pip = Command::new(&python);
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))
        .map_err(|error| format!("pip cannot install {} (is PyPI reachable?): {error}", requirements.display()))?;
    std::fs::write(&done, wanted).map_err(|error| error.to_string())?;
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
