//! The small card beside what was clicked: what it is, its fields, and what can be done.

use crate::action::Action;
use crate::keys::{self, Does};
use yew::prelude::*;

/// Width of a card in CSS pixels, as in the style sheet.
const WIDTH: f64 = 236.0;

/// Something that can be done from a card.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it does.
    pub label: String,
    /// What the key is to do that does the same.
    pub key: Option<Does>,
    /// The actions, in order.
    pub does: Vec<Action>,
}

impl Item {
    /// A line that does one thing.
    #[must_use]
    pub fn new(label: impl Into<String>, key: Option<Does>, does: Vec<Action>) -> Item {
        Item {
            label: label.into(),
            key,
            does,
        }
    }
}

/// What a card says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// First line.
    pub title: String,
    /// Second line, lighter.
    pub note: String,
    /// Fields as (name, value).
    pub rows: Vec<(String, String)>,
    /// What can be done.
    pub items: Vec<Item>,
    /// Why nothing can be done at the moment.
    pub locked: Option<String>,
}

/// Props of [`Card`].
#[derive(Properties, PartialEq)]
pub struct CardProps {
    /// Where the pointer was.
    pub at: (f64, f64),
    /// Size of the stage.
    pub stage: (f64, f64),
    /// What it says.
    pub content: Content,
    /// What to do with a choice.
    pub act: Callback<Action>,
    /// Closing.
    pub close: Callback<()>,
}

/// A card on the stage. Arrow keys move between its lines, Escape closes it.
#[function_component]
pub fn Card(props: &CardProps) -> Html {
    let card = use_node_ref();
    {
        let card = card.clone();
        use_effect_with((), move |()| {
            if let Some(element) = card.cast::<web_sys::HtmlElement>() {
                let _ = element.focus();
            }
        });
    }
    let ((x, y), (width, height)) = (props.at, props.stage);
    let left = (x + 14.0).min(width - WIDTH - 8.0).max(8.0);
    let room = height - 16.0;
    let top = (y + 10.0).min(height - 8.0 - tall(&props.content)).max(8.0);
    let style = format!("left:{left:.0}px;top:{top:.0}px;max-height:{room:.0}px");
    let onkeydown = {
        let (card, close) = (card.clone(), props.close.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                close.emit(());
            }
            "ArrowDown" => step(&card, &event, 1),
            "ArrowUp" => step(&card, &event, -1),
            "Enter" | " " => event.stop_propagation(),
            _ => {}
        })
    };
    let content = &props.content;
    let line = |item: &Item| {
        let (act, close, does) = (props.act.clone(), props.close.clone(), item.does.clone());
        let onclick = Callback::from(move |_| {
            close.emit(());
            for action in does.clone() {
                act.emit(action);
            }
        });
        html! {
            <button role="menuitem" {onclick} disabled={content.locked.is_some()}>
                <span>{ &item.label }</span>
                { keys::cap(item.key) }
            </button>
        }
    };
    html! {
        <div class="card" {style} ref={card} tabindex="-1" role="menu"
            aria-label={content.title.clone()} {onkeydown}>
            <p class="card-title">{ &content.title }</p>
            if !content.note.is_empty() { <p class="card-note">{ &content.note }</p> }
            if !content.rows.is_empty() {
                <dl>{ for content.rows.iter().map(|(name, value)| html! {
                    <><dt>{ name }</dt><dd>{ value }</dd></> }) }</dl>
            }
            { for content.items.iter().map(line) }
            if let Some(why) = &content.locked { <p class="card-note">{ why }</p> }
        </div>
    }
}

/// How tall a card is, about: lines of the style sheet, a little too much rather than too little.
fn tall(content: &Content) -> f64 {
    let rows = content.rows.len() as f64;
    let title = if content.note.is_empty() { 38.0 } else { 64.0 };
    let locked = if content.locked.is_some() { 44.0 } else { 0.0 };
    title + 24.0 * rows + 16.0 * rows.min(1.0) + 33.0 * content.items.len() as f64 + locked
}

/// Moves the focus between the buttons of the card.
fn step(card: &NodeRef, event: &KeyboardEvent, by: i32) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    event.stop_propagation();
    let Some(root) = card.cast::<web_sys::Element>() else {
        return;
    };
    let Ok(buttons) = root.query_selector_all("button:not(:disabled)") else {
        return;
    };
    let count = i32::try_from(buttons.length()).unwrap_or(0);
    if count == 0 {
        return;
    }
    let focused = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let at = (0..count).find(|i| {
        let button = u32::try_from(*i).ok().and_then(|i| buttons.item(i));
        button.as_ref() == focused.as_ref().map(AsRef::as_ref)
    });
    let next = at.map_or(if by > 0 { 0 } else { count - 1 }, |at| {
        (at + by).rem_euclid(count)
    });
    if let Some(button) = u32::try_from(next).ok().and_then(|i| buttons.item(i))
        && let Ok(button) = button.dyn_into::<web_sys::HtmlElement>()
    {
        let _ = button.focus();
    }
}
