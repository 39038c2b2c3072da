//! The page: playground and live view of a Raft cluster.
//!
//! `app` holds the state and carries out actions; `stage`, `transport`, `timeline` and the
//! panels draw; `driver` owns the simulated history, `live` the connection to real processes.

mod action;
mod app;
mod checks;
mod driver;
mod events;
mod frame;
mod help;
mod hooks;
mod inspector;
mod keys;
mod kv_panel;
mod lanes;
mod lessons;
mod live;
mod logs;
mod media;
mod message;
mod order;
mod palette;
mod panel;
mod partition;
mod settings;
mod shown;
mod speed;
mod stage;
mod timeline;
mod topbar;
mod transport;
mod why;

fn main() {
    let Some(root) = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
    else {
        return;
    };
    // What the page shows before the program has arrived.
    root.set_inner_html("");
    yew::Renderer::<app::App>::with_root(root).render();
}
