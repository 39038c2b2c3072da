//! Whom the command line asks: a list of endpoints, tried in order.
//!
//! Guarantees: the next endpoint is tried only when the one before certainly did nothing, or
//! when asking twice does no harm.

use super::output::End;
use crate::client::{Client, ClientError, Limits, Response};
use hyper::body::Bytes;
use hyper::http::{HeaderMap, Method, StatusCode};
use raftwerk_wire::client::Problem;
use std::time::Duration;

/// The endpoints of one command.
#[derive(Clone, Debug)]
pub struct Endpoints {
    urls: Vec<String>,
    client: Client,
    limits: Limits,
}

impl Endpoints {
    /// The endpoints a person named, with the seconds to wait.
    ///
    /// # Errors
    /// When there is none, or one cannot be used.
    pub fn new(urls: &[String], seconds: i64) -> Result<Endpoints, End> {
        let trimmed = urls
            .iter()
            .map(|url| url.trim().trim_end_matches('/').to_string());
        let urls: Vec<String> = trimmed.filter(|url| !url.is_empty()).collect();
        if urls.is_empty() {
            let why = "no endpoint; name one with --endpoint or in RAFTWERK_ENDPOINT";
            return Err(End::failed("no_endpoint", why));
        }
        for url in &urls {
            crate::client::check(url).map_err(|why| End::failed("bad_endpoint", why))?;
        }
        let total = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
        let limits = Limits {
            total,
            ..Limits::default()
        };
        Ok(Endpoints {
            urls,
            client: Client::default(),
            limits,
        })
    }

    /// The same with a shorter wait, for questions to a single node.
    pub fn hurried(&self, total: Duration) -> Endpoints {
        let total = total.min(self.limits.total);
        Endpoints {
            limits: Limits {
                total,
                ..self.limits
            },
            ..self.clone()
        }
    }

    /// Asks one URL.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn ask_one(&self, url: &str) -> Result<Response, ClientError> {
        let none = HeaderMap::new();
        self.client
            .request(Method::GET, url, none, Bytes::new(), self.limits)
            .await
    }

    /// Asks the first endpoint that answers; gives the endpoint and its answer.
    ///
    /// # Errors
    /// When none did what was asked, with the reason of each.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(&str, Response), End> {
        let reads = method == Method::GET;
        let mut reasons = Vec::new();
        let mut refused = None;
        for url in &self.urls {
            let full = format!("{url}{path}");
            let none = HeaderMap::new();
            let sent = self
                .client
                .request(method.clone(), &full, none, body.clone(), self.limits);
            match sent.await {
                Ok(answer) if nothing_done(answer.status) => {
                    let end = refusal(&answer);
                    reasons.push(format!("{url}: {}", end.detail));
                    refused = Some(end);
                }
                Ok(answer) if answer.status.is_success() => return Ok((url, answer)),
                Ok(answer) => return Err(refusal(&answer)),
                Err(ClientError::Unknown(why)) if !reads => {
                    return Err(End::unknown(format!(
                        "outcome unknown: {why}, so the write may or may not have happened. Read \
                         the key to find out"
                    )));
                }
                Err(why) => reasons.push(why.to_string()),
            }
        }
        match refused {
            Some(end) if self.urls.len() == 1 => Err(end),
            Some(end) => Err(End {
                detail: reasons.join("\n"),
                ..end
            }),
            None => Err(End::failed(
                "unreachable",
                format!(
                    "{}\nStart a cluster with `raftwerk play`, or name another endpoint with \
                     --endpoint or RAFTWERK_ENDPOINT.",
                    reasons.join("\n")
                ),
            )),
        }
    }
}

/// Statuses with which a node says that it did nothing and another may be asked.
fn nothing_done(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::MISDIRECTED_REQUEST
    )
}

/// What a node said instead of doing it.
fn refusal(answer: &Response) -> End {
    let status = answer.status;
    let problem = serde_json::from_slice::<Problem>(&answer.body).unwrap_or_else(|_| Problem {
        status: status.as_u16(),
        kind: "http".to_string(),
        detail: format!("the answer was {status}; is this endpoint a Raftwerk node?"),
        ..Problem::default()
    });
    let unknown = problem.kind == "outcome_unknown";
    End {
        unknown,
        status: Some(status.as_u16()),
        kind: problem.kind,
        detail: problem.detail,
    }
}

/// A key or prefix as part of a URL.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn node(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    async fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    const LEADERLESS: &str = "HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n";
    const BROKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi";

    async fn ask(urls: &[String], method: Method) -> Result<String, End> {
        let endpoints = Endpoints::new(urls, 2).unwrap();
        let asked = endpoints.ask(method, "/v1/kv/a", Bytes::new()).await;
        asked.map(|(url, _)| url.to_string())
    }

    #[tokio::test]
    async fn the_next_one_is_asked_when_nothing_was_done() {
        let (good, gone, leaderless) = (node(GOOD).await, nobody().await, node(LEADERLESS).await);
        for method in [Method::GET, Method::PUT] {
            let asked = ask(&[gone.clone(), leaderless.clone(), good.clone()], method).await;
            assert_eq!(asked.unwrap(), good);
        }
    }

    #[tokio::test]
    async fn a_write_with_an_unknown_outcome_is_not_repeated() {
        let (good, broken) = (node(GOOD).await, node(BROKEN).await);
        let error = ask(&[broken.clone(), good.clone()], Method::PUT)
            .await
            .unwrap_err();
        assert!(
            error.unknown && error.detail.contains("may or may not"),
            "{error:?}"
        );
        assert_eq!(
            ask(&[broken, good.clone()], Method::GET).await.unwrap(),
            good
        );
    }

    #[tokio::test]
    async fn nobody_there_says_what_to_do() {
        let error = ask(&[nobody().await], Method::GET).await.unwrap_err();
        assert!(
            !error.unknown && error.detail.contains("raftwerk play"),
            "{error:?}"
        );
        for bad in [" ", "ftp://a:1", "a:1", "http://a:1/v1"] {
            assert!(Endpoints::new(&[bad.to_string()], 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_encoded() {
        assert_eq!(encode("a b/ü..~"), "a%20b%2F%C3%BC%2E%2E~");
    }
}
