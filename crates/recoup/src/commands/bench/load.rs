//! A load generator as thin as can be: it shares two cores with what it measures.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

/// An answer, read whole.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// From the request to the first byte.
    pub first_byte: Duration,
    /// As it came, compressed where the server compresses.
    pub body: Vec<u8>,
}

impl Connection {
    /// Opens it.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::with_capacity(2_048), buffer: vec![0; 16_384] })
    }

    /// Sends a request as it is; the status and how long the answer took.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<(u16, Duration)> {
        let began = Instant::now();
        self.stream.write_all(request).await?;
        let (head, _) = self.answer().await?;
        Ok((head.status, began.elapsed()))
    }

    /// Posts JSON; the answer, and how long all of it took.
    pub async fn post_json(&mut self, path: &str, body: &[u8]) -> anyhow::Result<(Answer, Duration)> {
        use std::io::Write as _;
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body);
        let began = Instant::now();
        self.stream.write_all(&self.request).await?;
        let (head, first) = self.answer().await?;
        let whole = began.elapsed();
        Ok((Answer { status: head.status, first_byte: first - began, body: self.body(&head) }, whole))
    }

    /// Gets a page or a file; only files that are compressed already come compressed.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.get_as(path, if path.starts_with("/assets/") { "br" } else { "identity" }).await
    }

    /// The same in an encoding.
    pub async fn get_as(&mut self, path: &str, encoding: &str) -> anyhow::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\naccept-encoding: {encoding}\r\n\r\n");
        let began = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let (head, first) = self.answer().await?;
        Ok(Answer { status: head.status, first_byte: first - began, body: self.body(&head) })
    }

    /// The body of the answer that is in the buffer.
    fn body(&self, head: &Head) -> Vec<u8> {
        self.buffer[head.length..head.length + head.body].to_vec()
    }

    /// Reads one answer to its end into the buffer; when its first byte came.
    async fn answer(&mut self) -> anyhow::Result<(Head, Instant)> {
        let mut read = 0;
        let mut first = None;
        loop {
            if read == self.buffer.len() {
                self.buffer.resize(read * 2, 0);
            }
            let got = self.stream.read(&mut self.buffer[read..]).await?;
            anyhow::ensure!(got > 0, "the server closed the connection");
            read += got;
            let first = *first.get_or_insert_with(Instant::now);
            let Some(head) = Head::of(&self.buffer[..read])? else { continue };
            let whole = head.length + head.body;
            self.buffer.resize(self.buffer.len().max(whole), 0);
            if read < whole {
                self.stream.read_exact(&mut self.buffer[read..whole]).await?;
            }
            return Ok((head, first));
        }
    }
}

/// What the head of an answer says.
struct Head {
    status: u16,
    length: usize,
    body: usize,
}

impl Head {
    /// Reads it; `None` while its end is not there.
    fn of(read: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&read[..end])?;
        let status = head.split(' ').nth(1).unwrap_or_default().parse()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim())
        });
        Ok(Some(Self { status, length: end + 4, body: length.map_or(Ok(0), str::parse)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\nok";
        assert!(Head::of(&answer[..20]).expect("no error").is_none());
        let head = Head::of(answer).expect("no error").expect("a head");
        assert_eq!((head.status, head.body, &answer[head.length..]), (200, 2, &b"ok"[..]));
    }
}
