//! Programs from outside that some checks need.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, must};

/// The names under which Chromium is installed.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// What the browser tests need, as Debian calls it; the font because there may be none at all.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-dejavu-core"];

/// The first program of this name on the PATH.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|folder| folder.join(&file))
        .find(|place| place.is_file())
}

/// Makes sure that there is a browser with its driver; installs both where that is possible.
pub fn browser(workspace: &Workspace) -> Result<()> {
    if browser_found() {
        return Ok(());
    }
    if !Path::new("/etc/debian_version").exists() {
        bail!("install Chromium and its chromedriver and put both on the PATH");
    }
    if !is_root() {
        bail!("run: sudo apt-get install {}", PACKAGES.join(" "));
    }
    let apt = || {
        let mut command = workspace.command("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arg("--quiet");
        command
    };
    must(apt().arg("update"))?;
    must(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(PACKAGES),
    )?;
    if !browser_found() {
        bail!(
            "installed {}, but there is no browser on the PATH",
            PACKAGES.join(" ")
        );
    }
    Ok(())
}

fn browser_found() -> bool {
    let given = |variable| std::env::var_os(variable).is_some();
    let chromium = given("CHROMIUM") || CHROMIUM.iter().any(|name| find(name).is_some());
    chromium && (given("CHROMEDRIVER") || find("chromedriver").is_some())
}

/// Whether this is root, who alone may install packages.
pub fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|user| user.stdout.trim_ascii() == b"0")
}
