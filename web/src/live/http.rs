//! HTTP from the page: one request, one answer, and a time limit.

use super::requests::{Ended, Reply, Request, compared, ended, first, second, silent, words};
use raftwerk_sim::Op;
use raftwerk_wire::client::{HEADER_AGE, HEADER_NODE, HEADER_REVISION};
use raftwerk_wire::observe::Chaos;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

/// How long the page waits for an answer (milliseconds): a little more than the supervisor takes
/// to say that it took too long.
pub const LIMIT: u32 = 7_000;

/// Where faults are asked for.
const CHAOS: &str = "v1/chaos?everywhere=true";

/// Carries out an operation of a client and says how it ended.
pub async fn ask(op: &Op, node: u64) -> Ended {
    let reply = match send(&first(op, node)).await {
        Ok(reply) => reply,
        Err(why) => return silent(op, &why),
    };
    let Op::CompareAndSet {
        key,
        expect: Some(expect),
        value,
    } = op
    else {
        return ended(op, &reply);
    };
    match compared(expect, &reply) {
        Err(end) => end,
        Ok(revision) => match send(&second(key, value, &revision, node)).await {
            Ok(reply) => ended(op, &reply),
            Err(why) => silent(op, &why),
        },
    }
}

/// Asks for a fault.
///
/// # Errors
/// Why it was not carried out, in words.
pub async fn fault(fault: &Chaos) -> Result<(), String> {
    let body = serde_json::to_string(fault).map_err(|error| error.to_string())?;
    let request = Request {
        method: "POST",
        // A node that serves the page passes it on; a supervisor does so anyway.
        path: CHAOS.to_string(),
        body: Some(body),
    };
    let reply = send(&request).await?;
    match reply.status {
        200..=299 => Ok(()),
        403 => Err("The cluster refuses faults: start it with chaos enabled.".to_string()),
        _ => Err(words(&reply)),
    }
}

/// Sends a request; the answer with whatever status it has.
async fn send(request: &Request) -> Result<Reply, String> {
    let abort = AbortController::new().ok();
    let timer = abort
        .clone()
        .map(|abort| gloo_timers::callback::Timeout::new(LIMIT, move || abort.abort()));
    let result = transfer(request, abort.as_ref()).await;
    drop(timer);
    result.map_err(|error| {
        if abort.is_some_and(|abort| abort.signal().aborted()) {
            format!("no answer in {} s", LIMIT / 1_000)
        } else if error.is_instance_of::<js_sys::TypeError>() {
            "the connection broke".to_string()
        } else {
            "the request failed".to_string()
        }
    })
}

async fn transfer(request: &Request, abort: Option<&AbortController>) -> Result<Reply, JsValue> {
    let init = RequestInit::new();
    init.set_method(request.method);
    if let Some(abort) = abort {
        init.set_signal(Some(&abort.signal()));
    }
    if let Some(body) = &request.body {
        let headers = Headers::new()?;
        let kind = if request.path == CHAOS {
            "application/json"
        } else {
            "application/octet-stream"
        };
        headers.set("content-type", kind)?;
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(body));
    }
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let answer = JsFuture::from(window.fetch_with_str_and_init(&request.path, &init)).await?;
    let answer: Response = answer.dyn_into()?;
    let header = |name: &str| answer.headers().get(name).ok().flatten();
    let mut reply = Reply {
        status: answer.status(),
        body: String::new(),
        revision: header(HEADER_REVISION),
        node: header(HEADER_NODE),
        age: header(HEADER_AGE),
    };
    let body = JsFuture::from(answer.text()?).await?;
    reply.body = body.as_string().unwrap_or_default();
    Ok(reply)
}
