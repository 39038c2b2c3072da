//! The transport: play, step, jump, speed. Small pictures are drawn, not typed, so that they
//! look the same everywhere.

use crate::action::Action;
use crate::keys::{self, Does};
use crate::speed::{FASTEST, SLOWEST, rate};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Props of [`Transport`].
#[derive(Properties, PartialEq)]
pub struct TransportProps {
    /// Whether time runs.
    pub playing: bool,
    /// Speed notch.
    pub notch: i32,
    /// Whether quiet time runs faster.
    pub quiet_skip: bool,
    /// Event shown, and the last recorded one.
    pub position: (u64, u64),
    /// Whether single characters are keys, which tooltips name.
    pub letters: bool,
    /// State hash, when it was last taken.
    pub hash: AttrValue,
    /// The element whose text is the playhead's time; written by the frame loop.
    pub clock: NodeRef,
    /// The mark that shows quiet time being skipped; written by the frame loop.
    pub skip: NodeRef,
    /// What to do.
    pub act: Callback<Action>,
}

const START: &str = "M6 5V19H8.5V5ZM19 5V19L9.5 12Z";
const PREVIOUS: &str = "M12 5V19L4 12ZM20 5V19L12 12Z";
const BACK: &str = "M16 5V19L7 12Z";
const PLAY: &str = "M7 4.5V19.5L19 12Z";
const PAUSE: &str = "M6.5 5H10.5V19H6.5ZM13.5 5H17.5V19H13.5Z";
const FORWARD: &str = "M8 5V19L17 12Z";
const NEXT: &str = "M4 5V19L12 12ZM12 5V19L20 12Z";
const END: &str = "M5 5V19L14.5 12ZM15.5 5V19H18V5Z";

/// What some of the buttons do here.
pub struct Words {
    /// The first one.
    pub start: &'static str,
    /// The one in the middle.
    pub play: &'static str,
    /// The last one.
    pub end: &'static str,
}

/// The buttons that go through time, for a run and for what is kept of a real cluster.
pub fn buttons(act: &Callback<Action>, playing: bool, words: &Words) -> Html {
    let one = |id: &'static str, name: &'static str, key, d, action: Action| {
        let onclick = act.reform(move |_: MouseEvent| action.clone());
        html! {
            <button {id} class="icon" title={keys::tip(name, key)} aria-label={name}
                aria-keyshortcuts={keys::name(key)} {onclick}>
                <svg viewBox="0 0 24 24" aria-hidden="true"><path {d} /></svg>
            </button>
        }
    };
    let previous = ("Previous interesting event", Does::PreviousLandmark);
    let next = ("Next interesting event", Does::NextLandmark);
    let picture = if playing { PAUSE } else { PLAY };
    html! {
        <div class="buttons">
            { one("start", words.start, Does::Start, START, Action::Start) }
            { one("prev", previous.0, previous.1, PREVIOUS, Action::PreviousLandmark) }
            { one("back", "Back one event", Does::Back, BACK, Action::Back) }
            <span class="play">
                { one("play", words.play, Does::TogglePlay, picture, Action::TogglePlay) }</span>
            { one("forward", "Forward one event", Does::Forward, FORWARD, Action::Forward) }
            { one("next", next.0, next.1, NEXT, Action::NextLandmark) }
            { one("end", words.end, Does::End, END, Action::End) }
        </div>
    }
}

/// The row of controls.
#[function_component]
pub fn Transport(props: &TransportProps) -> Html {
    let words = Words {
        start: "To the start",
        play: if props.playing { "Pause" } else { "Play" },
        end: "To the end so far",
    };
    let (position, end) = props.position;
    html! {
        <div class="transport" role="group" aria-label="Time">
            { buttons(&props.act, props.playing, &words) }
            { speed(props.notch, props) }
            <div class="where">
                <span class="skip" ref={props.skip.clone()} title="Quiet time runs faster">
                    { "\u{00bb}" }</span>
                <output class="mono clock" title="Simulated time" ref={props.clock.clone()} />
                <span id="position" class="mono soft" data-position={position.to_string()}
                    data-end={end.to_string()}>{ format!("event {position}/{end}") }</span>
                <span id="hash" class="mono soft" data-hash={props.hash.clone()}
                    title="Hash of the whole simulated state: equal states, equal hash">
                    { &props.hash }</span>
            </div>
        </div>
    }
}

fn speed(notch: i32, props: &TransportProps) -> Html {
    let oninput = props.act.reform(|event: InputEvent| {
        let input = event.target_unchecked_into::<HtmlInputElement>();
        Action::Speed(input.value().parse().unwrap_or(0))
    });
    let quiet = {
        let on = props.quiet_skip;
        props
            .act
            .reform(move |_: MouseEvent| Action::QuietSkip(!on))
    };
    let keys = [("Slower", Does::Slower), ("faster", Does::Faster)];
    let keys = keys.map(|(word, key)| keys::tip(word, key)).join(", ");
    html! {
        <div class="speed">
            <label class="speed-label"><span class="visually-hidden">{ "Speed" }</span>
                <input id="speed" type="range" min={SLOWEST.to_string()} max={FASTEST.to_string()}
                    step="1" value={notch.to_string()} {oninput} title={keys}
                    aria-valuetext={ratio(notch)} />
            </label>
            <span class="mono ratio">{ ratio(notch) }</span>
            <span class="soft gloss">
                { format!("1 s here = {} there", span(rate(notch) * 1e6)) }</span>
            <button class="toggle" aria-pressed={props.quiet_skip.to_string()} onclick={quiet}
                title="When nothing is in flight, time runs 20 times faster">
                { "Skip quiet" }</button>
        </div>
    }
}

/// A speed as a ratio of simulated to real time.
#[must_use]
pub fn ratio(notch: i32) -> String {
    let rate = rate(notch);
    if rate >= 0.999 {
        return format!("{rate:.1}:1").replace(".0:", ":");
    }
    let slower = 1.0 / rate;
    let digits = if slower < 10.0 { 1 } else { 0 };
    format!("1:{slower:.digits$}").replace(".0", "")
}

/// A length of time in its natural unit.
fn span(us: f64) -> String {
    if us >= 1e6 {
        format!("{:.1} s", us / 1e6)
    } else if us >= 10_000.0 {
        format!("{:.0} ms", us / 1e3)
    } else {
        format!("{:.1} ms", us / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_reads_as_a_ratio() {
        assert_eq!(ratio(0), "1:40");
        assert_eq!(ratio(SLOWEST), "1:2000");
        assert_eq!(ratio(FASTEST), "4:1");
        assert_eq!(ratio(3), "1:20");
    }
}
