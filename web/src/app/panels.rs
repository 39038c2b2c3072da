//! Where the panels stand: both sides, one side with tabs, or a sheet below the stage.

use super::refresh::{LEFT, LOGS, Pane, RIGHT};
use super::{App, Msg, Room, Tab};
use crate::checks::Checks;
use crate::events::Events;
use crate::inspector::Inspector;
use crate::keys::{self, Does};
use crate::kv_panel::KvPanel;
use crate::logs::Logs;
use crate::panel::PanelProps;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// What there is a tab for beside the stage.
pub const BESIDE: &[Tab] = &[Tab::Kv, Tab::Events, Tab::Checks];
/// What there is a tab for where the logs have a place of their own.
pub const WITHOUT_LOGS: &[Tab] = &[Tab::Node, Tab::Events, Tab::Kv, Tab::Checks];
/// What there is a tab for where the sheet is all the room that is left.
pub const ALL: &[Tab] = &[Tab::Node, Tab::Logs, Tab::Events, Tab::Kv, Tab::Checks];

impl App {
    /// Left of the stage: clients, events, checks.
    pub fn left(&self, ctx: &Context<Self>) -> Html {
        html! {
            <aside class="left" aria-label="Clients, events, checks">
                { self.tabs(ctx, BESIDE, LEFT) }
            </aside>
        }
    }

    /// Right of the stage, or below it.
    pub fn right(&self, ctx: &Context<Self>) -> Html {
        let tabs = match self.room {
            Room::Wide => {
                return html! {
                    <aside class="right" aria-label="Selection">
                        <div class="pane" tabindex="0" role="group" aria-label="Details">
                            { self.pane(Tab::Node, RIGHT) }</div>
                    </aside>
                };
            }
            Room::Medium => WITHOUT_LOGS,
            Room::Narrow => ALL,
        };
        let pull = ctx.link().callback(|_: MouseEvent| Msg::Sheet);
        html! {
            <aside class="right" aria-label="Panels">
                if self.room == Room::Narrow {
                    <button class="handle" onclick={pull} aria-label="Height of the panels">
                        <i /></button>
                }
                { self.tabs(ctx, tabs, RIGHT) }
            </aside>
        }
    }

    /// A row of tabs and the panel of the chosen one, else of the first.
    fn tabs(&self, ctx: &Context<Self>, tabs: &[Tab], place: usize) -> Html {
        let chosen = tabs.iter().find(|tab| **tab == self.tab);
        let shown = *chosen.unwrap_or(&tabs[0]);
        let one = |tab: &Tab| {
            let tab = *tab;
            html! {
                <button role="tab" id={format!("tab-{}", tab.name().to_lowercase())}
                    aria-selected={(tab == shown).to_string()} title={keys::tip("Next panel", Does::Panel)}
                    onclick={ctx.link().callback(move |_: MouseEvent| Msg::Tab(tab))}>
                    { tab.name() }</button>
            }
        };
        html! { <>
            <div class="tabs" role="tablist">{ for tabs.iter().map(one) }</div>
            <div class="pane" role="tabpanel" tabindex="0" aria-label={shown.name()}>
                { self.pane(shown, place) }</div>
        </> }
    }

    /// The logs below the stage.
    pub fn logs(&self) -> Html {
        // A fixed height, so that the stage does not move when a row gains a line.
        let style = format!("--rows:{}", self.view.nodes.len().max(1));
        html! { <div class="logs-strip" {style}>{ self.pane(Tab::Logs, LOGS) }</div> }
    }

    fn pane(&self, tab: Tab, place: usize) -> Html {
        let props = self.props(&self.panes[place]);
        match tab {
            Tab::Node => html! { <Inspector ..props /> },
            Tab::Logs => html! { <Logs ..props /> },
            Tab::Events => html! { <Events ..props /> },
            Tab::Kv => html! { <KvPanel ..props /> },
            Tab::Checks => html! { <Checks ..props /> },
        }
    }

    /// What a panel gets: a picture taken a few times a second while time runs.
    pub fn props(&self, pane: &Pane) -> PanelProps {
        PanelProps {
            view: pane.view.clone(),
            events: pane.events.clone(),
            faults: pane.faults.clone(),
            selection: self.selection,
            mode: self.mode,
            armed: self.armed,
            calm: self.calm,
            lookup: Some(self.wires.lookup.clone()),
            act: self.wires.act.clone(),
        }
    }
}

/// Gives the focus to the first element that matches.
pub fn focus(selector: &str) {
    let found = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector(selector).ok().flatten());
    match found.map(JsCast::dyn_into::<web_sys::SvgElement>) {
        Some(Ok(shape)) => {
            let _ = shape.focus();
        }
        Some(Err(other)) => {
            if let Ok(other) = other.dyn_into::<web_sys::HtmlElement>() {
                let _ = other.focus();
            }
        }
        None => {}
    }
}

/// Chooses an operation in the form of the clients and puts the cursor on one of its fields.
pub fn ask(op: &str, field: &'static str) {
    let document = web_sys::window().and_then(|window| window.document());
    let select = document.and_then(|document| document.get_element_by_id("kv-op"));
    if let Some(Ok(select)) = select.map(JsCast::dyn_into::<web_sys::HtmlSelectElement>) {
        select.set_value(op);
        let init = web_sys::EventInit::new();
        init.set_bubbles(true);
        if let Ok(event) = web_sys::Event::new_with_event_init_dict("change", &init) {
            let _ = select.dispatch_event(&event);
        }
    }
    // The form shows the fields of this operation first.
    Timeout::new(0, move || focus(field)).forget();
}
