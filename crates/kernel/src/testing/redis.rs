//! A Redis server for one test, on a Unix socket in a folder of its own.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A Redis of its own, stopped with this value.
#[derive(Debug)]
pub struct TestRedis {
    folder: TempDir,
    server: Option<Child>,
}

impl TestRedis {
    /// Starts a server and waits until it answers. Panics where Redis is not installed.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("redis").tempdir_in("/tmp").expect("/tmp can be written");
        let mut redis = Self { folder, server: None };
        redis.resume().await;
        redis
    }

    /// What `REDIS_URL` would hold; the same after [`TestRedis::stop`] and [`TestRedis::resume`].
    pub fn url(&self) -> String {
        format!("redis+unix://{}/socket", self.folder.path().display())
    }

    /// Stops the server at once, as a crash would; its data is gone.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().and_then(|()| server.wait()).expect("our own child can be killed");
        }
    }

    /// Starts the server again after [`TestRedis::stop`].
    pub async fn resume(&mut self) {
        let server = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is not installed; Debian, Ubuntu: apt-get install redis-server");
        self.server = Some(server);
        let client = redis::Client::open(self.url()).expect("our own URL is well formed");
        super::until("redis to answer", || async { client.get_multiplexed_async_connection().await.ok() }).await;
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.stop();
    }
}
