//! chromedriver on a port of its own. Dropping it ends it and every browser it started.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to end; after that it is killed.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running chromedriver.
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a free port, which it tells.
    pub(crate) fn start() -> Self {
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver cannot be started ({error}): scripts/setup.sh test"));
        let mut driver = Self { child, port: 0 };
        let told = BufReader::new(driver.child.stdout.take().expect("its output is a pipe"));
        driver.port = told
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver tells its port");
        driver
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks it to end its browsers and itself: only it knows their processes.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut line = TcpStream::connect_timeout(&address, FAREWELL)?;
        line.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let asked = self.ask_to_end();
        let since = Instant::now();
        while asked.is_ok() && since.elapsed() < FAREWELL && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("chromedriver may still run: {error}");
        }
    }
}
