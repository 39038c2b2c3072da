//! What the browser says about itself: media queries, the address, what is remembered.

use crate::action::{Mode, Theme};
use crate::stage::layout::Layout;
use raftwerk_sim::{IN_ADDRESS, Run, Setup};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{MediaQueryList, UrlSearchParams};
use yew::Callback;

const THEME_KEY: &str = "raftwerk-theme";
const LETTERS_KEY: &str = "raftwerk-letters";

/// A media query that reports changes until it is dropped.
pub struct Media {
    list: MediaQueryList,
    closure: Closure<dyn FnMut()>,
}

impl Media {
    /// Watches a query; `None` where the browser knows none.
    #[must_use]
    pub fn watch(query: &str, changed: Callback<bool>) -> Option<Media> {
        let list = web_sys::window()?.match_media(query).ok()??;
        let seen = list.clone();
        let closure = Closure::<dyn FnMut()>::new(move || changed.emit(seen.matches()));
        list.add_event_listener_with_callback("change", closure.as_ref().unchecked_ref())
            .ok()?;
        Some(Media { list, closure })
    }

    /// Whether it matches now.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.list.matches()
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self
            .list
            .remove_event_listener_with_callback("change", callback);
    }
}

/// What the address asks for: `?mode=live&nodes=5&seed=4f2a&clients=2&at=1.500.200`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which source.
    pub mode: Mode,
    /// How many nodes.
    pub nodes: u64,
    /// Seed.
    pub seed: u64,
    /// How many clients.
    pub clients: u64,
    /// How many syncs disks lie about.
    pub lies: u32,
    /// How many voters leaders keep by themselves, where they do.
    pub autopilot: Option<u64>,
    /// The lesson that is asked for: `?lesson=cold-start`.
    pub lesson: Option<String>,
    /// Where nodes were put.
    pub layout: Layout,
    /// A recorded run, or what is wrong with it: `#run=...`.
    pub run: Option<Result<Box<Run>, String>>,
}

/// Most clients the settings offer.
pub const MOST_CLIENTS: u64 = 6;
/// What an autopilot can be asked to keep.
pub const VOTERS: [u64; 3] = [3, 5, 7];
/// The run that a page without parameters shows.
const FIRST_SEED: u64 = 0x4f2a;

impl Wanted {
    /// Reads the address; what is missing or wrong takes its default.
    #[must_use]
    pub fn read() -> Wanted {
        let query = web_sys::window().and_then(|window| window.location().search().ok());
        let params = UrlSearchParams::new_with_str(&query.unwrap_or_default()).ok();
        let get = |name: &str| params.as_ref().and_then(|params| params.get(name));
        let number = |name: &str| get(name).and_then(|text| text.parse::<u64>().ok());
        let mode = match get("mode").or_else(served_mode).as_deref() {
            Some("live") => Mode::Live,
            _ => Mode::Playground,
        };
        Wanted {
            mode,
            nodes: number("nodes")
                .unwrap_or(5)
                .clamp(1, raftwerk_sim::MAX_NODES),
            seed: get("seed")
                .and_then(|text| parse_seed(&text))
                .unwrap_or(FIRST_SEED),
            clients: number("clients").unwrap_or(2).clamp(1, MOST_CLIENTS),
            lies: number("lies").map_or(0, |lies| u32::try_from(lies.min(64)).unwrap_or(0)),
            autopilot: number("autopilot").filter(|wanted| VOTERS.contains(wanted)),
            lesson: get("lesson"),
            layout: Layout::parse(&get("at").unwrap_or_default()),
            run: recorded(),
        }
    }
}

impl Wanted {
    /// The run that is asked for.
    #[must_use]
    pub fn setup(&self) -> Setup {
        let mut setup = Setup::playground(self.nodes, self.seed);
        setup.clients = self.clients;
        setup.disk.lies = self.lies;
        setup.with_autopilot(self.autopilot)
    }
}

/// The recorded run in the address.
fn recorded() -> Option<Result<Box<Run>, String>> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let word = hash.strip_prefix(IN_ADDRESS)?;
    Some(Run::from_word(word).map(Box::new))
}

/// What a recorded run is said to show, or what is wrong with it.
#[must_use]
pub fn about(run: &Result<Box<Run>, String>) -> String {
    match run {
        Err(why) => why.clone(),
        Ok(run) => match &run.claim {
            Some(claim) => format!("At this event: {}. {}", claim.check, claim.detail),
            None => "A recorded run, at its end.".to_string(),
        },
    }
}

/// A server that hosts a cluster says so in the page: `<meta name="raftwerk-mode">`.
fn served_mode() -> Option<String> {
    let document = web_sys::window()?.document()?;
    let meta = document
        .query_selector("meta[name=\"raftwerk-mode\"]")
        .ok()??;
    meta.get_attribute("content")
}

/// A seed as people write it: hexadecimal.
#[must_use]
pub fn parse_seed(text: &str) -> Option<u64> {
    let text = text
        .trim()
        .trim_start_matches("0x")
        .trim_start_matches("0X");
    u64::from_str_radix(text, 16).ok()
}

/// A seed nobody chose. Only the page may do this: everything after it is deterministic.
#[must_use]
pub fn fresh_seed() -> u64 {
    let millis = js_sys::Date::now() as u64;
    // A multiplicative hash, so that neighbouring moments give unlike seeds.
    (millis.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) & 0xff_ffff
}

/// Sets light or dark on the page and remembers it.
pub fn set_theme(theme: Theme) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let root = window
        .document()
        .and_then(|document| document.document_element());
    let name = match theme {
        Theme::System => None,
        Theme::Light => Some("light"),
        Theme::Dark => Some("dark"),
    };
    if let Some(root) = root {
        let _ = match name {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Ok(Some(storage)) = window.local_storage() {
        let _ = match name {
            Some(name) => storage.set_item(THEME_KEY, name),
            None => storage.remove_item(THEME_KEY),
        };
    }
}

/// The theme chosen last time.
#[must_use]
pub fn stored_theme() -> Theme {
    let stored = storage().and_then(|storage| storage.get_item(THEME_KEY).ok().flatten());
    match stored.as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Whether single letters are keys: yes, unless it was switched off.
#[must_use]
pub fn letters() -> bool {
    let stored = storage().and_then(|storage| storage.get_item(LETTERS_KEY).ok().flatten());
    stored.as_deref() != Some("off")
}

/// Remembers whether single letters are keys.
pub fn set_letters(on: bool) {
    if let Some(storage) = storage() {
        let _ = if on {
            storage.remove_item(LETTERS_KEY)
        } else {
            storage.set_item(LETTERS_KEY, "off")
        };
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window().and_then(|window| window.local_storage().ok().flatten())
}
