//! A server of a few lines that answers one connection after another as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a request once it has been read whole.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Answer with these bytes and close.
    Raw(&'static str),
    /// Answer with a status and a body, and close.
    Answer(u16, &'static str),
    /// Say nothing, and keep the connection.
    Hang,
    /// Close without a word.
    Close,
    /// Close without a word, and stop listening.
    CloseForGood,
    /// Send the head and a first byte, and keep the connection.
    SlowBody,
}

impl Step {
    pub fn json(status: u16, body: &'static str) -> Self {
        Self::Answer(status, body)
    }
}

/// A running server; it ends with the test's runtime.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, steps.into(), Arc::clone(&requests)));
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("sound").clone()
    }
}

async fn serve(listener: TcpListener, mut steps: VecDeque<Step>, requests: Arc<Mutex<Vec<String>>>) {
    let mut kept = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let Some(request) = read(&mut stream).await else { continue };
        requests.lock().expect("sound").push(request);
        let step = steps.pop_front().unwrap_or(Step::Close);
        match step {
            Step::Raw(bytes) => send(&mut stream, bytes).await,
            Step::Answer(status, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} S\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                send(&mut stream, &format!("{head}{body}")).await;
            }
            Step::SlowBody => {
                send(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0").await;
                kept.push(stream);
            }
            Step::Hang => kept.push(stream),
            Step::Close => {}
            Step::CloseForGood => return,
        }
    }
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("the client reads");
}

/// The whole request: its head and as much body as it announces.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |n| n.parse().expect("a length"));
            if body.len() >= announced {
                return Some(text.into_owned());
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}
