//! Clients of the key-value store: what they ask, whom, how long they wait, what they learn.
//!
//! In the playground an operation is an intervention of the run; in live mode it is an HTTP
//! request to the node chosen. A write without an answer has an unknown outcome, and says so.

mod answers;

pub use answers::operations;

use crate::action::{Action, Mode, Selection};
use crate::keys::{self, Does};
use crate::panel::PanelProps;
use raftwerk_core::trace::Role;
use raftwerk_sim::{Intervention, Op};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::view::{ClusterView, NodeCondition};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The fields of the form. They keep their own text; it is read when something is sent.
#[derive(Clone, Default, PartialEq)]
struct Form {
    client: NodeRef,
    node: NodeRef,
    key: NodeRef,
    value: NodeRef,
    expect: NodeRef,
    read: NodeRef,
}

/// What the form holds while it is out of sight, behind another tab.
#[derive(Clone)]
struct Draft {
    op: String,
    client: u64,
    key: String,
    value: String,
    expect: String,
}

thread_local! {
    static DRAFT: RefCell<Draft> = RefCell::new(Draft {
        op: "put".to_string(),
        client: 1,
        key: "x".to_string(),
        value: "1".to_string(),
        expect: String::new(),
    });
}

/// Keeps something of the form.
fn keep(change: impl FnOnce(&mut Draft)) {
    DRAFT.with_borrow_mut(change);
}

/// What is chosen in the form, and how that changes.
struct Chosen {
    op: UseStateHandle<String>,
    onop: Callback<yew::Event>,
    client: UseStateHandle<u64>,
    onclient: Callback<yew::Event>,
}

#[hook]
fn use_chosen(selection: Selection) -> Chosen {
    let op = use_state(|| DRAFT.with_borrow(|draft| draft.op.clone()));
    let client = use_state(|| DRAFT.with_borrow(|draft| draft.client));
    let onop = {
        let op = op.clone();
        Callback::from(move |event: yew::Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
            keep(|draft| draft.op.clone_from(&chosen));
            op.set(chosen);
        })
    };
    let onclient = {
        let client = client.clone();
        Callback::from(move |event: yew::Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
            let chosen = chosen.parse().unwrap_or(1);
            keep(|draft| draft.client = chosen);
            client.set(chosen);
        })
    };
    {
        // A client that is selected elsewhere is the one to ask with.
        let client = client.clone();
        use_effect_with(selection, move |selection| {
            if let Selection::Client(id) = selection {
                client.set(*id);
            }
        });
    }
    Chosen {
        op,
        onop,
        client,
        onclient,
    }
}

/// The fields of the form, with the texts that they held before another tab was in sight.
#[hook]
fn use_form() -> Rc<Form> {
    let form = use_memo((), |()| Form::default());
    {
        let form = form.clone();
        use_effect_with((), move |()| {
            let draft = DRAFT.with_borrow(Clone::clone);
            let texts = [draft.key, draft.value, draft.expect];
            let fields = [&form.key, &form.value, &form.expect];
            for (field, text) in fields.into_iter().zip(texts) {
                if let Some(input) = field.cast::<HtmlInputElement>() {
                    input.set_value(&text);
                }
            }
        });
    }
    form
}

/// The panel.
#[function_component]
pub fn KvPanel(props: &PanelProps) -> Html {
    let form = use_form();
    let chosen = use_chosen(props.selection);
    let wrong = use_state(|| None::<String>);
    if props.view.clients.is_empty() {
        return html! {
            <section class="kv panel">
                <p class="empty">{ "There is no client in this run." }</p>
            </section>
        };
    }
    let (op, client) = (&chosen.op, *chosen.client);
    let mut clients = props.view.clients.iter();
    let waits = clients.any(|c| c.id == client && c.current.is_some());
    let onsubmit = submit(props, &form, &chosen, &wrong);
    let oninput = {
        let form = form.clone();
        Callback::from(move |_: InputEvent| remember(&form))
    };
    html! {
        <section class="kv panel" aria-label="Clients">
            <form {onsubmit} {oninput} autocomplete="off">
                { choices(props, &form, &chosen) }
                { texts(&form, op) }
                <div class="send">
                    <button id="kv-send" class="primary" type="submit" disabled={waits}>
                        { "Send" }</button>
                    <span class="soft">
                        if waits {
                            { format!("C{client} waits for an answer.") }
                        } else {
                            { note(op) }
                        }
                    </span>
                </div>
                if let Some(why) = &*wrong { <p class="wrong" role="alert">{ why }</p> }
            </form>
            { answers::list(props) }
        </section>
    }
}

/// Sends what the form says, or tells what is wrong with it.
fn submit(
    props: &PanelProps,
    form: &Rc<Form>,
    chosen: &Chosen,
    wrong: &UseStateHandle<Option<String>>,
) -> Callback<SubmitEvent> {
    let (form, op, wrong) = (form.clone(), chosen.op.clone(), wrong.clone());
    let (act, view, client) = (props.act.clone(), props.view.clone(), *chosen.client);
    let mode = props.mode;
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        match read(&form, &op, client, &view, mode) {
            Ok(what) => {
                wrong.set(None);
                act.emit(Action::Do(what));
                next_value(&form);
                remember(&form);
            }
            Err(why) => wrong.set(Some(why)),
        }
    })
}

/// Who asks, what, and whom.
fn choices(props: &PanelProps, form: &Form, chosen: &Chosen) -> Html {
    let (op, client) = (chosen.op.as_str(), *chosen.client);
    let clients = props.view.clients.iter().map(|other| {
        html! {
            <option value={other.id.to_string()} selected={other.id == client}>
                { format!("C{}", other.id) }</option>
        }
    });
    let nodes = props.view.nodes.iter().map(|card| {
        html! { <option value={card.id.to_string()}>{ format!("S{}", card.id) }</option> }
    });
    let ops = [
        ("put", "put"),
        ("get", "get"),
        ("delete", "delete"),
        ("cas", "compare and set"),
    ];
    let asking = [("Write", Does::Write), ("Read", Does::Read)];
    let asking = asking.map(|(word, key)| keys::tip(word, key)).join(", ");
    html! { <>
        <label class="c2">{ "Client" }
            <select id="kv-client" ref={form.client.clone()} onchange={chosen.onclient.clone()}>
                { for clients }
            </select>
        </label>
        <label class="c4">{ "Operation" }
            <select id="kv-op" onchange={chosen.onop.clone()} title={asking}>
                { for ops.iter().map(|(value, name)| html! {
                    <option value={*value} selected={*value == op}>{ *name }</option>
                }) }
            </select>
        </label>
        <label class="c2">{ "At node" }
            <select id="kv-node" ref={form.node.clone()} title="Its leader: the node that the \
                client believes to lead, or any while it knows none">
                <option value="" selected={true}>{ "leader" }</option>
                { for nodes }
            </select>
        </label>
        <label class="c2" hidden={op != "get"}>{ "Read" }
            <select id="kv-read" ref={form.read.clone()}
                title={keys::tip("How fresh a read is to be", Does::ReadMode)}>
                <option value="leader" selected={true}>{ "leader" }</option>
                <option value="follower">{ "follower" }</option>
                <option value="quorum">{ "quorum" }</option>
                <option value="lease">{ "lease" }</option>
                <option value="stale">{ "stale" }</option>
            </select>
        </label>
    </> }
}

fn texts(form: &Form, op: &str) -> Html {
    let (width, no_value) = match op {
        "put" => ("c2", false),
        "cas" => ("c6", false),
        _ => ("c2", true),
    };
    html! { <>
        <label class={if op == "delete" { "c4" } else { "c2" }}>{ "Key" }
            <input id="kv-key" ref={form.key.clone()} maxlength="256"
                spellcheck="false" autocapitalize="off" />
        </label>
        <label class="c2" hidden={op != "cas"}>{ "Expect" }
            <input id="kv-expect" ref={form.expect.clone()} placeholder="(absent)"
                maxlength="1024" spellcheck="false" autocapitalize="off" />
        </label>
        <label class={width} hidden={no_value}>{ "Value" }
            <input id="kv-value" ref={form.value.clone()} maxlength="1024"
                spellcheck="false" autocapitalize="off" />
        </label>
    </> }
}

fn note(op: &str) -> &'static str {
    match op {
        "cas" => "Sets the value if it is as expected; empty: must be absent.",
        "delete" => "Removes the key.",
        "get" => "Leader, follower and quorum reads are fresh; a stale read may be old.",
        _ => "",
    }
}

/// What a text field holds.
fn text(field: &NodeRef) -> String {
    field
        .cast::<HtmlInputElement>()
        .map_or_else(String::new, |input| input.value())
}

fn remember(form: &Form) {
    keep(|draft| {
        draft.key = text(&form.key);
        draft.value = text(&form.value);
        draft.expect = text(&form.expect);
    });
}

/// Reads the form.
fn read(
    form: &Form,
    op: &str,
    client: u64,
    view: &ClusterView,
    mode: Mode,
) -> Result<Intervention, String> {
    let choice = |field: &NodeRef| {
        field
            .cast::<HtmlSelectElement>()
            .map_or_else(String::new, |select| select.value())
    };
    let (key, value) = (text(&form.key), text(&form.value));
    let expect = Some(text(&form.expect)).filter(|text| !text.is_empty());
    let op = match op {
        "get" => {
            let mode = ReadMode::parse(&choice(&form.read)).unwrap_or_default();
            Op::Get { key, mode }
        }
        "delete" => Op::Delete { key },
        "cas" => Op::CompareAndSet { key, expect, value },
        _ => Op::Put { key, value },
    };
    op.validate()?;
    let node = choice(&form.node).parse().ok();
    let node = node.or_else(|| asked(view, client, mode));
    let node = node.ok_or("No node is known yet.")?;
    Ok(Intervention::Ask { client, node, op })
}

/// The node a client turns to by itself: whom it believes to lead. While it knows none, it asks
/// any node, and a real one is asked through the newest leader in the picture.
fn asked(view: &ClusterView, client: u64, mode: Mode) -> Option<u64> {
    let believed = view.clients.iter().find(|other| other.id == client);
    let believed = believed.and_then(|client| client.leader);
    let any = || match (mode, u64::try_from(view.nodes.len())) {
        (Mode::Playground, Ok(count)) if count > 0 => {
            let at = usize::try_from((client - 1) % count).ok()?;
            view.nodes.get(at).map(|card| card.id)
        }
        _ => likely_leader(view),
    };
    believed.or_else(any)
}

/// The newest leader in the picture, else the first node that runs, else the first.
fn likely_leader(view: &ClusterView) -> Option<u64> {
    let up = || {
        view.nodes
            .iter()
            .filter(|card| card.condition == NodeCondition::Up)
    };
    let leader = up()
        .filter_map(|card| card.view.as_ref())
        .filter(|view| view.role == Role::Leader)
        .max_by_key(|view| view.term)
        .map(|view| view.id);
    leader.or_else(|| up().next().or(view.nodes.first()).map(|card| card.id))
}

/// A number as value counts up, so that several writes can be told apart.
fn next_value(form: &Form) {
    if let Some(input) = form.value.cast::<HtmlInputElement>()
        && let Ok(number) = input.value().parse::<u32>()
    {
        input.set_value(&number.saturating_add(1).to_string());
    }
}
