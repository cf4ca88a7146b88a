//! The real `recoup` program as a child process that can be killed and started again at the same address.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kernel::testing::TestDb;
use standins::World;
use tempfile::TempDir;

/// Base64 of 32 zero bytes.
const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// How long a start may take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// `recoup serve` over a database and stand-ins. Dropping it kills it.
pub struct Program {
    path: PathBuf,
    address: SocketAddr,
    settings: Vec<(&'static str, String)>,
    data_dir: TempDir,
    child: Option<Child>,
}

impl Program {
    /// Prepares the program that lies at `built`; it is not started yet.
    pub fn over(built: &str, db: &TestDb, world: &World) -> Self {
        // The port must be the same after every start, because the platforms know one address: a free one is looked for.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let data_dir = tempfile::tempdir().expect("a folder");
        let settings = vec![
            ("DATABASE_URL", db.url().to_owned()),
            ("RECOUP__HTTP__BIND", address.to_string()),
            ("RECOUP__DATA_DIR", data_dir.path().display().to_string()),
            ("RECOUP__LOG__FILTER", "error".to_owned()),
            ("RECOUP__VAULT__MASTER_KEY", MASTER_KEY.to_owned()),
            ("RECOUP__CONNECTORS__META__BASE_URL", world.meta.base_url().to_owned()),
            ("RECOUP__CONNECTORS__META__APP_ID", "263902037430900".to_owned()),
            ("RECOUP__CONNECTORS__META__APP_SECRET", "standin_meta_app_secret".to_owned()),
            ("RECOUP__CONNECTORS__META__VERIFY_TOKEN", "a verify token".to_owned()),
            ("RECOUP__CONNECTORS__X__BASE_URL", world.x.base_url().to_owned()),
            ("RECOUP__CONNECTORS__X__CONSUMER_SECRET", "standin_x_consumer_secret".to_owned()),
            ("RECOUP__CONNECTORS__HUBSPOT__BASE_URL", world.hubspot.base_url().to_owned()),
        ];
        // A copy, so that a build beside this test does not change the program between two starts.
        let path = data_dir.path().join("recoup");
        std::fs::copy(built, &path).expect("the program can be copied");
        Self { path, address, settings, data_dir, child: None }
    }

    /// Where it listens.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Starts it and waits until it takes connections; returns how long that took.
    pub async fn start(&mut self) -> Duration {
        let begun = Instant::now();
        let mut command = Command::new(&self.path);
        command.arg("serve").current_dir(self.data_dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        let mut child = command.spawn().expect("the program starts");
        while TcpStream::connect(self.address).is_err() {
            assert!(child.try_wait().expect("our own child").is_none(), "the program ended at its start");
            assert!(begun.elapsed() < PATIENCE, "the program does not listen");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.child = Some(child);
        begun.elapsed()
    }

    /// SIGKILL: no time for a last word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("our own child can be killed");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
