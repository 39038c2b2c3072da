//! A file server for the bundled page, under any path, with flaws on demand.
//!
//! It answers like the real server: right media types, `.gz` to those who accept it, no names
//! outside of its folder. It stops when dropped.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

/// What is wrong with the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Files with this ending are not found.
    Missing(&'static str),
    /// Files with this ending hold something else than they should.
    Garbled(&'static str),
}

/// A running file server.
pub struct FileServer {
    address: SocketAddr,
    prefix: String,
    stop: Arc<AtomicBool>,
}

/// What every connection needs to know.
struct Site {
    folder: PathBuf,
    prefix: String,
    flaw: Flaw,
}

impl FileServer {
    /// Serves a folder on a free port, at `/`.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_at(folder, "/", Flaw::None)
    }

    /// Serves a folder below a path such as `/a/b/`.
    pub fn start_at(folder: &Path, prefix: &str, flaw: Flaw) -> Result<Self> {
        let index = folder.join("index.html");
        index
            .metadata()
            .with_context(|| format!("no {}; `cargo xtask ui` makes the page", index.display()))?;
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let site = Site {
            folder: folder.to_path_buf(),
            prefix: prefix.to_owned(),
            flaw,
        };
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || accept(&listener, &Arc::new(site), &stopped));
        Ok(Self {
            address,
            prefix: prefix.to_owned(),
            stop,
        })
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection, so that it sees the wish.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, site: &Arc<Site>, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let site = Arc::clone(site);
        // A client that goes away in the middle is its own business.
        std::thread::spawn(move || drop(answer(stream, &site)));
    }
}

fn answer(mut stream: TcpStream, site: &Site) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().context("no request")??;
    let mut gzip = false;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        gzip |= line.starts_with("accept-encoding:") && line.contains("gzip");
    }
    let mut words = request.split_whitespace();
    let method = words.next().unwrap_or_default();
    let path = words
        .next()
        .and_then(|target| target.split('?').next())
        .unwrap_or_default();
    let found = (method == "GET").then(|| site.find(path, gzip)).flatten();
    let (status, head, body) = match found {
        Some(found) => ("200 OK", found.head, found.body),
        None => (
            "404 Not Found",
            "Content-Type: text/plain\r\n".to_owned(),
            b"none".to_vec(),
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
    Ok(())
}

struct Found {
    head: String,
    body: Vec<u8>,
}

impl Site {
    fn find(&self, path: &str, gzip: bool) -> Option<Found> {
        let mut name = path.strip_prefix(&self.prefix)?;
        if name.is_empty() {
            name = "index.html";
        }
        if name
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.'))
        {
            return None;
        }
        let mut head = format!("Content-Type: {}\r\n", media_type(name));
        match self.flaw {
            Flaw::Missing(ending) if name.ends_with(ending) => return None,
            Flaw::Garbled(ending) if name.ends_with(ending) => {
                return Some(Found {
                    head,
                    body: b"not what you wanted".to_vec(),
                });
            }
            _ => {}
        }
        if gzip && let Ok(body) = std::fs::read(self.folder.join(format!("{name}.gz"))) {
            head.push_str("Content-Encoding: gzip\r\n");
            return Some(Found { head, body });
        }
        let body = std::fs::read(self.folder.join(name)).ok()?;
        Some(Found { head, body })
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn get(server: &FileServer, path: &str, more: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn serves_its_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.html"), "the page").unwrap();
        std::fs::write(folder.path().join("a.wasm"), "plain").unwrap();
        std::fs::write(folder.path().join("a.wasm.gz"), "small").unwrap();
        let server = FileServer::start_at(folder.path(), "/sub/", Flaw::None).unwrap();
        assert!(get(&server, "/sub/", "").ends_with("the page"));
        assert!(get(&server, "/sub/?seed=1", "").ends_with("the page"));
        let wasm = get(&server, "/sub/a.wasm", "");
        assert!(
            wasm.contains("application/wasm") && wasm.ends_with("plain"),
            "{wasm}"
        );
        let small = get(&server, "/sub/a.wasm", "Accept-Encoding: br, gzip\r\n");
        assert!(
            small.contains("Content-Encoding: gzip") && small.ends_with("small"),
            "{small}"
        );
        for outside in [
            "/",
            "/a.wasm",
            "/sub/../secret",
            "/sub//etc/passwd",
            "/sub/none",
        ] {
            assert!(
                get(&server, outside, "").starts_with("HTTP/1.1 404"),
                "{outside}"
            );
        }
    }
}
