//! A load generator as thin as can be: it shares two cores with what it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens it.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 4_096] })
    }

    /// Posts a signed body; the status and how long the answer took.
    pub async fn post(&mut self, path: &str, signature: (&str, &str), body: &[u8]) -> anyhow::Result<(u16, Duration)> {
        let (name, value) = signature;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n{name}: {value}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        let began = Instant::now();
        self.stream.write_all(&request).await?;
        let status = self.answer().await?;
        Ok((status, began.elapsed()))
    }

    /// Reads one answer to its end.
    async fn answer(&mut self) -> anyhow::Result<u16> {
        let mut read = 0;
        loop {
            let got = self.stream.read(&mut self.buffer[read..]).await?;
            anyhow::ensure!(got > 0, "the server closed the connection");
            read += got;
            let Some(head_end) = self.buffer[..read].windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..head_end])?;
            let status: u16 = head.split(' ').nth(1).unwrap_or_default().parse()?;
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().to_owned())
                })
                .map_or(Ok(0), |value| value.parse::<usize>())?;
            while read < head_end + 4 + length {
                let got = self.stream.read(&mut self.buffer[read..]).await?;
                anyhow::ensure!(got > 0, "the answer was cut off");
                read += got;
            }
            return Ok(status);
        }
    }
}
