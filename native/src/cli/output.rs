//! What a command prints, and with which status it ends.

use serde_json::{Value, json};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// What a command that succeeded has to say, in both forms.
#[derive(Debug)]
pub struct Output {
    /// For `--json`.
    pub json: Value,
    /// For people: bytes as they are, so that values stay what they are.
    pub plain: Vec<u8>,
    /// A remark on standard error, so that it is not taken for a value.
    pub note: Option<String>,
}

/// How a command ended that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// It may have been done.
    pub unknown: bool,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Short name.
    pub kind: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Output {
    /// A line for people, and JSON.
    pub fn line(json: Value, line: String) -> Output {
        Output {
            json,
            plain: (line + "\n").into_bytes(),
            note: None,
        }
    }
}

impl End {
    /// Certainly not done.
    pub fn failed(kind: &str, detail: impl Into<String>) -> End {
        let (kind, detail) = (kind.to_string(), detail.into());
        End {
            unknown: false,
            status: None,
            kind,
            detail,
        }
    }

    /// May have been done.
    pub fn unknown(detail: impl Into<String>) -> End {
        End {
            unknown: true,
            ..End::failed("outcome_unknown", detail)
        }
    }
}

/// Prints the result and gives the exit status.
pub fn print(result: Result<Output, End>, json: bool) -> ExitCode {
    match result {
        Ok(output) => {
            let bytes = if json {
                pretty(&output.json)
            } else {
                output.plain
            };
            if let Some(note) = output.note.filter(|_| !json) {
                complain(&note);
            }
            write(&bytes)
        }
        Err(end) => {
            let code = ExitCode::from(if end.unknown { 2 } else { 1 });
            if json {
                let outcome = if end.unknown { "unknown" } else { "failed" };
                let (status, kind, detail) = (end.status, end.kind, end.detail);
                let error = json!({
                    "outcome": outcome, "status": status, "kind": kind, "detail": detail,
                });
                write(&pretty(&error));
            } else {
                complain(&format!("raftwerk: {}", end.detail));
            }
            code
        }
    }
}

/// Says something on standard error; nobody there is no other failure.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn write(bytes: &[u8]) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader had enough, as `head` has: not our failure.
        Err(why) if why.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(why) => {
            complain(&format!("raftwerk: cannot print: {why}"));
            ExitCode::FAILURE
        }
    }
}
