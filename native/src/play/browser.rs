//! Opens the page in the browser of the person at this machine, if there is one.

use super::say;
use std::process::{Command, Stdio};

/// Opens a URL; when that does not work, it says so and all else goes on.
pub fn open(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if !cfg!(target_os = "macos") && !screen {
        say(&format!(
            "No screen here to open a browser on; open {url} yourself."
        ));
        return;
    }
    let mut command = Command::new(program);
    command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let url = url.to_string();
    // A thread of its own, because someone must wait for the end of what was started.
    std::thread::spawn(move || {
        let ended = command.status();
        if !ended.is_ok_and(|status| status.success()) {
            say(&format!("The browser did not open; open {url} yourself."));
        }
    });
}
