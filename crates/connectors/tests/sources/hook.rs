//! A place that webhooks are sent to: keeps every body with its headers and answers 200.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    headers: BTreeMap<String, String>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).cloned()
    }
}

/// The place.
pub struct Hook {
    /// Its address.
    pub url: String,
    kept: Arc<Mutex<Vec<Delivery>>>,
}

impl Hook {
    /// Listens on a free port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let kept: Arc<Mutex<Vec<Delivery>>> = Arc::default();
        let inner = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&inner)));
            }
        });
        Self { url, kept }
    }

    /// What came so far.
    pub fn all(&self) -> Vec<Delivery> {
        self.kept.lock().expect("nobody panicked").clone()
    }
}

/// Reads requests off one connection until it closes.
async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Delivery>>>) {
    let mut read = Vec::new();
    loop {
        while let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
            let headers: BTreeMap<String, String> =
                lines.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect();
            let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if read.len() < end + 4 + length {
                break;
            }
            let rest = read.split_off(end + 4 + length);
            let body = read.split_off(end + 4);
            read = rest;
            kept.lock().expect("nobody panicked").push(Delivery { headers, body });
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
        let mut piece = [0_u8; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&piece[..count]),
        }
    }
}
