//! chromedriver as a child process, and the commands that only it knows.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::process::Process;
use crate::wait::until;

/// A running chromedriver with a folder for its log and the browser's profile.
pub(crate) struct Driver {
    process: Process,
    folder: TempDir,
    port: u16,
}

impl Driver {
    /// Starts it; it picks a free port itself and says which.
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the browser")?;
        let mut command = Command::new(program("CHROMEDRIVER", &["chromedriver"])?);
        // The browser leaves files among the temporary ones; here they go with the folder.
        command.arg("--port=0").env("TMPDIR", folder.path());
        let mut process = Process::start(command, &folder.path().join("driver.log"))?;
        let port = until("chromedriver to say its port", async || {
            process.must_run()?;
            Ok(port_in(&process.output()))
        })
        .await?;
        Ok(Self {
            process,
            folder,
            port,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it said, to explain an error.
    pub(crate) fn output(&self) -> String {
        self.process.output()
    }

    /// What a session is to be: headless, from an empty profile, silent towards the network.
    pub(crate) fn capabilities(&self) -> Result<serde_json::Map<String, Value>> {
        let profile = self.folder.path().join("profile");
        let mut args: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.display()));
        let browser = program(
            "CHROMIUM",
            &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
            ],
        )?;
        let all = json!({
            "goog:chromeOptions": { "args": args, "binary": browser },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        all.as_object()
            .cloned()
            .context("capabilities are an object")
    }
}

fn port_in(output: &str) -> Option<u16> {
    let line = output
        .lines()
        .find(|line| line.contains("started successfully on port"))?;
    let digits = line.trim_end_matches('.').rsplit(' ').next()?;
    digits.parse().ok()
}

/// The program that the variable names, or the first of the names on the PATH.
fn program(variable: &str, names: &[&str]) -> Result<PathBuf> {
    if let Some(set) = std::env::var_os(variable) {
        return Ok(PathBuf::from(set));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    places.find(|place| place.is_file()).with_context(|| {
        format!(
            "no {} on the PATH; on Debian: apt-get install chromium chromium-driver",
            names[0]
        )
    })
}

/// A command of chromedriver outside of the standard: a POST below the session.
#[derive(Debug)]
pub(crate) struct Extra {
    /// The end of the address.
    pub(crate) path: &'static str,
    /// What is sent.
    pub(crate) body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_the_port() {
        let said = "Starting ChromeDriver 1.2\nSafe.\n\
                    ChromeDriver was started successfully on port 45117.\n";
        assert_eq!(super::port_in(said), Some(45117));
        assert_eq!(super::port_in("Starting"), None);
    }
}
