//! The client against servers that behave, hang, break off and are not there.

use super::*;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn quick() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        total: Duration::from_millis(700),
        body: 64,
    }
}

/// A server that reads a request head and answers with the given bytes, then closes or not.
async fn server(answer: &'static str, close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while matches!(stream.read(&mut buffer).await, Ok(n) if n > 0) {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if close {
                        return;
                    }
                }
            });
        }
    });
    address
}

async fn get(client: &Client, address: SocketAddr) -> Result<Response, ClientError> {
    let url = format!("http://{address}/x?y=1");
    let none = HeaderMap::new();
    client.request(Method::GET, &url, none, "", quick()).await
}

#[tokio::test]
async fn an_answer_is_read_and_the_connection_used_again() {
    let address = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", false).await;
    let client = Client::default();
    for _ in 0..3 {
        let answer = get(&client, address).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"hi"[..])
        );
    }
    assert_eq!(client.lock().values().map(Vec::len).sum::<usize>(), 1);
}

#[tokio::test]
async fn nobody_there_is_not_sent() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = get(&Client::default(), address).await.unwrap_err();
    assert!(matches!(error, ClientError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn silence_and_a_broken_answer_are_unknown() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"] {
        for close in [true, false] {
            let address = server(answer, close).await;
            let error = get(&Client::default(), address).await.unwrap_err();
            assert!(error.outcome_unknown(), "{answer:?} {close} {error:?}");
        }
    }
}

#[tokio::test]
async fn an_idle_connection_that_ended_is_replaced() {
    let address = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", true).await;
    let client = Client::default();
    for _ in 0..20 {
        get(&client, address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_large_answer_is_refused() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 70\r\n\r\n\
                  01234567890123456789012345678901234567890123456789012345678901234567890";
    let address = server(answer, false).await;
    let error = get(&Client::default(), address).await.unwrap_err();
    assert!(
        matches!(error, ClientError::TooLarge { limit: 64, .. }),
        "{error:?}"
    );
}

#[test]
fn urls_are_read_strictly() {
    for (url, authority, path) in [
        ("http://a:1", "a:1", "/"),
        ("http://[::1]:7/v1/kv?x=%20", "[::1]:7", "/v1/kv?x=%20"),
    ] {
        let (a, p) = split(url).unwrap();
        assert_eq!((a.as_str(), p.as_str()), (authority, path));
    }
    for bad in [
        "a:1",
        "https://a:1",
        "/x",
        "ftp://a",
        "http://",
        "",
        "127.0.0.1:7878",
    ] {
        assert!(
            split(bad).unwrap_err().contains("http://host:port"),
            "{bad}"
        );
    }
}
