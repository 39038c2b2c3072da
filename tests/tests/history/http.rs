//! One HTTP request on one connection: small enough that what it cannot tell is plain.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than a server takes for its last word.
const PATIENCE: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_millis(500);

/// A whole answer.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found?.1.trim().parse().ok()
    }
}

/// Why there is none.
#[derive(Debug)]
pub enum Nothing {
    /// No connection: nothing was asked.
    NotSent,
    /// It may have been asked.
    Lost,
}

/// Asks a node of this machine.
pub fn ask(port: u16, method: &str, path: &str, body: &[u8]) -> Result<Answer, Nothing> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, CONNECT) else {
        return Err(Nothing::NotSent);
    };
    let lost = |_| Nothing::Lost;
    stream.set_read_timeout(Some(PATIENCE)).map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let length = body.len();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request).map_err(lost)?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).map_err(lost)?;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or(Nothing::Lost)?;
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let answer = Answer {
        status: status.ok_or(Nothing::Lost)?,
        body: said[end + 4..].to_vec(),
        head,
    };
    // A connection that ended early tells nothing.
    match answer.number("content-length") {
        Some(length) if length == answer.body.len() as u64 => Ok(answer),
        None if answer.status == 204 => Ok(answer),
        _ => Err(Nothing::Lost),
    }
}
