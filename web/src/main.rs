//! The page. A placeholder until the playground moves in: it proves that the bundle starts.

use yew::prelude::*;

#[function_component]
fn App() -> Html {
    html! {
        <main>
            <h1>{ "Raftwerk" }</h1>
            <p>{ "The playground is being built." }</p>
        </main>
    }
}

fn main() {
    let Some(root) = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
    else {
        return;
    };
    yew::Renderer::<App>::with_root(root).render();
}
