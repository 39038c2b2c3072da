//! The WebSocket to `v1/observe`, relative to the page.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{MessageEvent, WebSocket};

/// What a socket reports.
pub enum Report {
    /// It is open.
    Open,
    /// A text arrived.
    Text(String),
    /// It is closed, or could not be opened.
    Closed,
}

/// An open socket; closes when dropped.
pub struct Socket {
    socket: WebSocket,
    _open: Closure<dyn FnMut()>,
    _text: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut()>,
}

impl Socket {
    /// Opens the stream of the page's own server, or through it that of another node, going on after
    /// a life and number of that node.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn open(
        node: Option<u64>,
        resume: Option<(u64, u64)>,
        report: impl Fn(Report) + Clone + 'static,
    ) -> Result<Socket, String> {
        let mut url = address().ok_or("The page has no address to connect to.")?;
        let node = node.map(|node| format!("node={node}"));
        let place = resume.map(|(boot, number)| format!("boot={boot}&after={number}"));
        for (part, text) in node.into_iter().chain(place).enumerate() {
            url.push(if part == 0 { '?' } else { '&' });
            url.push_str(&text);
        }
        let socket = WebSocket::new(&url).map_err(|_| "The browser refuses to connect.")?;
        let opened = report.clone();
        let open = Closure::<dyn FnMut()>::new(move || opened(Report::Open));
        let told = report.clone();
        let text = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                told(Report::Text(text));
            }
        });
        let closed = Closure::<dyn FnMut()>::new(move || report(Report::Closed));
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(text.as_ref().unchecked_ref()));
        // An error is always followed by a close.
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Socket {
            socket,
            _open: open,
            _text: text,
            _closed: closed,
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing a closed socket does nothing.
        let _ = self.socket.close();
    }
}

/// `ws` or `wss`, as the page itself was fetched.
fn address() -> Option<String> {
    let base = web_sys::window()?.location().href().ok()?;
    let end = base.find(['?', '#']).unwrap_or(base.len());
    let folder = &base[..=base[..end].rfind('/')?];
    let rest = folder.strip_prefix("http")?;
    Some(format!("ws{rest}v1/observe"))
}
