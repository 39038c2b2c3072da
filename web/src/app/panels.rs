//! Where the panels stand: both sides, one side with tabs, or a sheet below the stage.

use super::refresh::{LEFT, LOGS, Pane, RIGHT};
use super::{App, Msg, Room, Tab};
use crate::checks::Checks;
use crate::events::Events;
use crate::inspector::Inspector;
use crate::kv_panel::KvPanel;
use crate::logs::Logs;
use crate::panel::PanelProps;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use yew::prelude::*;

impl App {
    /// Left of the stage: clients, events, checks.
    pub fn left(&self, ctx: &Context<Self>) -> Html {
        let tabs = [
            (Tab::Kv, "Clients"),
            (Tab::Events, "Events"),
            (Tab::Checks, "Checks"),
        ];
        let shown = if tabs.iter().any(|(tab, _)| *tab == self.tab) {
            self.tab
        } else {
            Tab::Kv
        };
        html! {
            <aside class="left" aria-label="Clients, events, checks">
                { tab_row(ctx, &tabs, shown) }
                <div class="pane" role="tabpanel" tabindex="0" aria-label={shown.name()}>
                    { self.pane(shown, LEFT) }</div>
            </aside>
        }
    }

    /// Right of the stage, or below it.
    pub fn right(&self, ctx: &Context<Self>) -> Html {
        let all = [
            (Tab::Node, "Node"),
            (Tab::Logs, "Logs"),
            (Tab::Events, "Events"),
            (Tab::Kv, "KV"),
            (Tab::Checks, "Checks"),
        ];
        let tabs: Vec<(Tab, &'static str)> = match self.room {
            Room::Wide => Vec::new(),
            Room::Medium => all
                .into_iter()
                .filter(|(tab, _)| *tab != Tab::Logs)
                .collect(),
            Room::Narrow => all.to_vec(),
        };
        if tabs.is_empty() {
            return html! {
                <aside class="right" aria-label="Selection">
                    <div class="pane" tabindex="0" role="group" aria-label="Details">
                        { self.pane(Tab::Node, RIGHT) }</div>
                </aside>
            };
        }
        let shown = if tabs.iter().any(|(tab, _)| *tab == self.tab) {
            self.tab
        } else {
            Tab::Node
        };
        let pull = ctx.link().callback(|_: MouseEvent| Msg::Sheet);
        html! {
            <aside class="right" aria-label="Panels">
                if self.room == Room::Narrow {
                    <button class="handle" onclick={pull} aria-label="Height of the panels">
                        <i /></button>
                }
                { tab_row(ctx, &tabs, shown) }
                <div class="pane" role="tabpanel" tabindex="0" aria-label={shown.name()}>
                    { self.pane(shown, RIGHT) }</div>
            </aside>
        }
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
            selection: self.selection,
            mode: self.mode,
            armed: self.armed,
            calm: self.calm,
            lookup: Some(self.wires.lookup.clone()),
            act: self.wires.act.clone(),
        }
    }
}

fn tab_row(ctx: &Context<App>, tabs: &[(Tab, &'static str)], shown: Tab) -> Html {
    let one = |(tab, name): &(Tab, &'static str)| {
        let (tab, selected) = (*tab, *tab == shown);
        html! {
            <button role="tab" id={format!("tab-{}", name.to_lowercase())}
                aria-selected={selected.to_string()}
                onclick={ctx.link().callback(move |_: MouseEvent| Msg::Tab(tab))}>{ *name }</button>
        }
    };
    html! { <div class="tabs" role="tablist">{ for tabs.iter().map(one) }</div> }
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
