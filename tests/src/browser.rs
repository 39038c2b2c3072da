//! A browser window of its own for every test.
//!
//! [`Browser::open`] gives an empty profile, so tests share no storage. What the page writes to
//! the console is collected from the first moment; [`Browser::must_be_quiet`] fails on any error.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fantoccini::actions::ActionSequence;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::driver::{Driver, Extra};
use crate::input;
use crate::process::kill_other;
use crate::wait::until;

/// The part of the page that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Touch instead of mouse, and the layout rules of phones.
    pub mobile: bool,
}

impl Viewport {
    /// A laptop.
    pub const DESK: Self = Self {
        width: 1440,
        height: 900,
        mobile: false,
    };
    /// A phone, held upright.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        mobile: true,
    };
}

/// Something the browser wrote to its console.
#[derive(Clone, Debug)]
pub struct ConsoleLine {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// What it says, with where it comes from in front.
    pub text: String,
}

/// A session in a browser; both are ended when it is dropped.
pub struct Browser {
    /// The session, for everything that this type has no word for.
    pub client: Client,
    console: Vec<ConsoleLine>,
    process: Option<u32>,
    // Last, so that it outlives the session.
    _driver: Driver,
}

impl Browser {
    /// Starts a browser with a window of this size on an empty page.
    pub async fn open(viewport: Viewport) -> Result<Self> {
        let driver = Driver::start().await?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(driver.capabilities()?)
            .connect(&driver.url())
            .await
            .with_context(|| format!("no session; chromedriver said:\n{}", driver.output()))?;
        let process = client
            .capabilities()
            .and_then(|all| all.get("goog:processID"))
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok());
        let browser = Self {
            client,
            console: Vec::new(),
            process,
            _driver: driver,
        };
        browser.resize(viewport).await?;
        Ok(browser)
    }

    /// The number of the browser's process, if the driver told it.
    pub fn process_id(&self) -> Option<u32> {
        self.process
    }

    /// Makes the page be seen in this size, from now on. Goes through the emulation that the
    /// browser's own tools use, because windows cannot be as narrow as a phone.
    pub async fn resize(&self, viewport: Viewport) -> Result<()> {
        let Viewport {
            width,
            height,
            mobile,
        } = viewport;
        self.client.set_window_size(width.max(500), height).await?;
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}),
        )
        .await?;
        let touch = json!({"enabled": mobile, "maxTouchPoints": if mobile { 5 } else { 1 }});
        self.devtools("Emulation.setTouchEmulationEnabled", touch)
            .await?;
        Ok(())
    }

    /// Goes to a page and waits until it is loaded; the program in it may still be starting.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.client
            .goto(url)
            .await
            .with_context(|| format!("cannot open {url}"))
    }

    /// A command of the browser's own tools, such as `Network.emulateNetworkConditions`.
    pub async fn devtools(&self, command: &str, params: Value) -> Result<Value> {
        let body = json!({"cmd": command, "params": params});
        let sent = self
            .client
            .issue_cmd(Extra {
                path: "goog/cdp/execute",
                body,
            })
            .await;
        sent.with_context(|| format!("{command} failed"))
    }

    /// Says that the user wants this: `("prefers-color-scheme", "dark")` and the like.
    pub async fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<Value> = features
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await?;
        Ok(())
    }

    /// Runs a script and gives what it returns.
    pub async fn script(&self, script: &str) -> Result<Value> {
        let returned = self.client.execute(script, Vec::new()).await;
        returned.with_context(|| format!("the script failed: {script}"))
    }

    /// Waits until there is such an element.
    pub async fn find(&self, css: &str) -> Result<Element> {
        until(css, async || {
            match self.client.find(Locator::Css(css)).await {
                Ok(element) => Ok(Some(element)),
                Err(error) if error.is_no_such_element() => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Waits until a script returns something true, and gives it.
    pub async fn wait_for(&self, script: &str) -> Result<Value> {
        until(script, async || {
            let value = self.script(script).await?;
            let empty = matches!(value, Value::Null | Value::Bool(false))
                || value == json!(0)
                || value == json!("");
            Ok((!empty).then_some(value))
        })
        .await
    }

    /// Waits until the visible text of the element contains this.
    pub async fn wait_for_text(&self, css: &str, text: &str) -> Result<()> {
        until(&format!("{text:?} in {css}"), async || {
            let shown = self.find(css).await?.text().await;
            // The element may be replaced between the two questions; then it is asked anew.
            Ok(shown.is_ok_and(|shown| shown.contains(text)).then_some(()))
        })
        .await
    }

    /// Presses a key or a chord: `a`, `Space`, `ArrowLeft`, `Control+Shift+z`.
    pub async fn press(&self, keys: &str) -> Result<()> {
        self.act(input::chord(keys)?).await
    }

    /// Clicks into the middle of the element, with real pointer events.
    pub async fn click(&self, css: &str) -> Result<()> {
        let middle = self.middle(css).await?;
        self.act(input::mouse_path(&[middle])?).await
    }

    /// Taps with a finger on the middle of the element.
    pub async fn tap(&self, css: &str) -> Result<()> {
        let middle = self.middle(css).await?;
        self.act(input::finger_path(&[middle])?).await
    }

    /// Moves the mouse to the middle of the element.
    pub async fn hover(&self, css: &str) -> Result<()> {
        let middle = self.middle(css).await?;
        self.act(input::hover(middle)).await
    }

    /// Drags with the mouse from one point of the window to another.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.act(input::mouse_path(&input::line(from, to))?).await
    }

    /// Drags with the mouse along a path of points.
    pub async fn draw(&self, points: &[(f64, f64)]) -> Result<()> {
        self.act(input::mouse_path(points)?).await
    }

    /// Drags with a finger.
    pub async fn swipe(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.act(input::finger_path(&input::line(from, to))?).await
    }

    /// The middle of the element in the window, after scrolling it into view.
    pub async fn middle(&self, css: &str) -> Result<(f64, f64)> {
        let element = self.find(css).await?;
        let script = "const e = arguments[0]; e.scrollIntoView({block: 'nearest'}); \
                      const r = e.getBoundingClientRect(); \
                      return [r.left + r.width / 2, r.top + r.height / 2];";
        let found = self
            .client
            .execute(script, vec![serde_json::to_value(&element)?])
            .await?;
        let at = |index: usize| found[index].as_f64();
        at(0)
            .zip(at(1))
            .with_context(|| format!("{css} has no place"))
    }

    async fn act(&self, actions: impl Into<ActionSequence>) -> Result<()> {
        self.client.perform_actions(actions).await?;
        self.client.release_actions().await?;
        Ok(())
    }

    /// Saves what is seen as a PNG.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let png = self.client.screenshot().await?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, png).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Everything that was written to the console since the browser was opened.
    pub async fn console(&mut self) -> Result<&[ConsoleLine]> {
        let body = json!({"type": "browser"});
        let new = self
            .client
            .issue_cmd(Extra {
                path: "se/log",
                body,
            })
            .await?;
        for entry in new.as_array().context("the log is a list")? {
            let part = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            self.console.push(ConsoleLine {
                level: part("level"),
                text: part("message"),
            });
        }
        Ok(&self.console)
    }

    /// An error if the console shows any error; failed loads and uncaught exceptions are such.
    pub async fn must_be_quiet(&mut self) -> Result<()> {
        let lines = self.console().await?;
        let errors: Vec<&str> = lines
            .iter()
            .filter(|l| l.level == "SEVERE")
            .map(|l| l.text.as_str())
            .collect();
        ensure!(
            errors.is_empty(),
            "errors on the console:\n{}",
            errors.join("\n")
        );
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver would close it on a friendly word, for which there is no time here.
        if let Some(id) = self.process {
            kill_other(id);
        }
    }
}
