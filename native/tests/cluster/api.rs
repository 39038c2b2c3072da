//! The API, status by status.

use super::rig::{Rig, number, problem};
use axum::http::Method;
use raftwerk_wire::client::{ListPage, SessionOpened, Written};

fn written(response: &raftwerk_native::client::Response) -> Written {
    assert_eq!(response.status, 200, "{:?}", response.body);
    serde_json::from_slice(&response.body).expect("a result")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_serves_any_client() {
    let rig = Rig::started(3).await;
    let leader = rig.leader().await;
    for (at, id) in [1, 2, 3].into_iter().enumerate() {
        let answer = rig.put(id, "colour", format!("blue{id}").as_bytes()).await;
        assert_eq!(written(&answer).revision, at as u64 + 2);
        assert_eq!(
            number(&answer, "raftwerk-node"),
            leader,
            "the leader's mark is passed back"
        );
        assert_eq!(number(&answer, "raftwerk-revision"), at as u64 + 2);
        assert!(number(&answer, "raftwerk-term") > 0);
        for reader in [1, 2, 3] {
            let read = rig.get(reader, "colour?read=follower").await;
            assert_eq!(read.body, format!("blue{id}"));
            assert_eq!(
                number(&read, "raftwerk-node"),
                reader,
                "it serves the read itself"
            );
            assert_eq!(rig.get(reader, "colour").await.body, format!("blue{id}"));
        }
    }
    let stale = rig.get(leader % 3 + 1, "colour?read=stale").await;
    assert_eq!(
        (stale.status.as_u16(), &stale.body[..5]),
        (200, b"blue3".as_slice())
    );
    assert!(number(&stale, "raftwerk-age-ms") < 5_000);
    let status = rig.status(1).await;
    assert_eq!(
        (status.node, status.disk.as_str(), status.revision),
        (1, "clean", 4)
    );
    assert!(
        status
            .members
            .iter()
            .all(|m| m.connected && m.trouble.is_none()),
        "{status:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_and_previous_values() {
    let rig = Rig::started(1).await;
    assert_eq!(
        written(&rig.put(1, "x?if_revision=0", b"1").await).revision,
        2
    );
    let failed = rig.put(1, "x?if_revision=0", b"2").await;
    assert_eq!(
        (failed.status.as_u16(), problem(&failed).revision),
        (412, Some(2))
    );
    assert_eq!(
        problem(&rig.put(1, "nothing?if_revision=5", b"").await).revision,
        Some(0)
    );
    assert_eq!(
        written(&rig.put(1, "x?if_revision=2", b"2").await).revision,
        3
    );
    assert_eq!(rig.put(1, "x?if_value=1", b"3").await.status, 412);
    assert_eq!(
        written(&rig.put(1, "x?if_value=2", b"a b").await).revision,
        4
    );
    let previous = written(&rig.put(1, "x?prev", b"4").await)
        .previous
        .expect("asked for");
    assert_eq!((previous.value.as_str(), previous.version), ("a b", 3));
    let delete = async |path: &str| {
        rig.send(1, Method::DELETE, &format!("/v1/kv/{path}"), &[], b"")
            .await
            .expect("answers")
    };
    assert_eq!(delete("x?if_value=no").await.status, 412);
    let gone = written(&delete("x?prev").await);
    assert_eq!(
        (gone.deleted, gone.previous.map(|p| p.value)),
        (Some(true), Some("4".to_string()))
    );
    assert_eq!(written(&delete("x").await).deleted, Some(false));
    let missing = rig.get(1, "x").await;
    assert_eq!(
        (missing.status.as_u16(), problem(&missing).kind.as_str()),
        (404, "not_found")
    );
    assert_eq!(number(&missing, "raftwerk-revision"), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_bytes_and_lists_have_pages() {
    let rig = Rig::started(1).await;
    for key in ["a/b%2Fc", "a/d", "a/%FF%00", "b"] {
        written(&rig.put(1, key, key.as_bytes()).await);
    }
    assert_eq!(rig.get(1, "a/b/c").await.body, "a/b%2Fc");
    assert_eq!(rig.get(1, "a%2F%ff%00").await.body, "a/%FF%00");
    let list = async |query: &str| -> ListPage {
        let answer = rig
            .send(1, Method::GET, &format!("/v1/kv?{query}"), &[], b"")
            .await;
        serde_json::from_slice(&answer.expect("answers").body).expect("a list")
    };
    let page = list("prefix=a/&limit=2").await;
    let keys = |page: &ListPage| page.items.iter().map(|i| i.key.clone()).collect::<Vec<_>>();
    assert_eq!(
        (keys(&page), page.more, page.revision),
        (vec!["a/b/c".into(), "a/d".into()], true, 5)
    );
    let rest = list("prefix=a/&after=a/d").await;
    assert_eq!(
        (rest.items.len(), rest.items[0].lossy, rest.more),
        (1, true, false)
    );
    assert_eq!(keys(&list("").await).len(), 4);
    let large = vec![b'x'; 1 << 20];
    for n in 0..6 {
        written(&rig.put(1, &format!("large/{n}"), &large).await);
    }
    let page = list("prefix=large/").await;
    assert_eq!(
        (page.items.len(), page.more),
        (3, true),
        "a page ends at its bytes"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_have_one_form() {
    let rig = Rig::started(1).await;
    let send = async |method, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        rig.send(1, method, path, headers, body)
            .await
            .expect("answers")
    };
    let too_long = format!("/v1/kv/{}", "k".repeat(1_025));
    let too_large = vec![0; (1 << 20) + 1];
    for (method, path, body, status) in [
        (Method::GET, "/v1/nothing", b"".as_slice(), 404),
        (Method::GET, "/nothing", b"", 404),
        (Method::POST, "/v1/kv/x", b"", 405),
        (Method::PATCH, "/v1/kv", b"", 405),
        (Method::DELETE, "/v1/sessions", b"", 405),
        (Method::GET, "/v1/kv/", b"", 400),
        (Method::PUT, "/v1/kv/", b"1", 400),
        (Method::PUT, "/v1/kv/x?if_revision=-1", b"", 400),
        (Method::GET, "/v1/kv/x?read=%ff", b"", 400),
        (Method::GET, "/v1/kv?prefix=%f", b"", 400),
        (Method::GET, &too_long, b"", 400),
        (Method::GET, "/v1/kv/%4", b"", 400),
        (Method::GET, "/v1/kv/x?read=lease", b"", 400),
        (Method::GET, "/v1/kv/x?read=quorum", b"", 404),
        (Method::GET, "/v1/kv/x?read=often", b"", 400),
        (Method::GET, "/v1/kv/x?raed=stale", b"", 400),
        (Method::GET, "/v1/kv?limit=0", b"", 400),
        (Method::PUT, "/v1/kv/x?if_revision=one", b"", 400),
        (Method::PUT, "/v1/kv/x?if_revision=1&if_value=x", b"", 400),
        (Method::PUT, "/v1/kv/x?if_revision=1&prev", b"", 400),
        (Method::PUT, "/v1/kv/x?lease=1", b"", 400),
        (Method::PUT, "/v1/kv/x", &too_large, 413),
        (Method::DELETE, "/v1/sessions/x", b"", 400),
        (Method::DELETE, "/v1/sessions/99", b"", 404),
        (Method::POST, "/v1/chaos", b"{}", 400),
        (
            Method::POST,
            "/v1/chaos",
            b"{\"fault\":\"crash\",\"node\":1}",
            400,
        ),
        (
            Method::POST,
            "/v1/chaos",
            b"{\"fault\":\"cut\",\"from\":1,\"to\":9}",
            400,
        ),
        (Method::GET, "/v1/observe", b"", 426),
        (Method::GET, "/v1/peer", b"", 426),
    ] {
        let answer = send(method.clone(), path, &[], body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
        problem(&answer);
    }
    for headers in [
        [("origin", "http://evil.example")].as_slice(),
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
    ] {
        let answer = send(Method::PUT, "/v1/kv/x", headers, b"1").await;
        assert_eq!(
            (answer.status.as_u16(), problem(&answer).kind.as_str()),
            (403, "foreign_origin")
        );
        let chaos = send(Method::POST, "/v1/chaos", headers, b"{\"fault\":\"heal\"}").await;
        assert_eq!(chaos.status, 403);
    }
    let own = rig.url(1).to_string();
    assert_eq!(
        send(Method::PUT, "/v1/kv/x", &[("origin", &own)], b"1")
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_make_retries_harmless() {
    let rig = Rig::started(3).await;
    let opened = rig
        .send(2, Method::POST, "/v1/sessions", &[], b"")
        .await
        .expect("answers");
    assert_eq!(opened.status, 201);
    let opened: SessionOpened = serde_json::from_slice(&opened.body).expect("a session");
    let session = opened.session.to_string();
    let put = async |id, sequence: &str, value: &[u8]| {
        let headers = [
            ("raftwerk-session", session.as_str()),
            ("raftwerk-sequence", sequence),
        ];
        rig.send(id, Method::PUT, "/v1/kv/x", &headers, value)
            .await
            .expect("answers")
    };
    let first = written(&put(1, "1", b"one").await);
    for id in [1, 2, 3] {
        assert_eq!(
            written(&put(id, "1", b"one").await),
            first,
            "answered again, not done again"
        );
    }
    assert_eq!(
        written(&put(2, "2", b"two").await).revision,
        first.revision + 1
    );
    let stale = put(3, "1", b"one").await;
    assert_eq!(
        (stale.status.as_u16(), problem(&stale).kind.as_str()),
        (409, "stale_sequence")
    );
    assert_eq!(put(1, "0", b"").await.status, 400);
    let half = [("raftwerk-session", session.as_str())];
    let half = rig
        .send(1, Method::PUT, "/v1/kv/x", &half, b"")
        .await
        .expect("answers");
    assert_eq!(problem(&half).kind, "bad_session");
    let path = format!("/v1/sessions/{session}");
    let close = async || {
        rig.send(3, Method::DELETE, &path, &[], b"")
            .await
            .expect("answers")
    };
    assert_eq!(close().await.status, 204);
    assert_eq!(close().await.status, 404);
    assert_eq!(problem(&put(1, "3", b"").await).kind, "unknown_session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_and_numbers() {
    let rig = Rig::started(3).await;
    written(&rig.put(1, "x", b"1").await);
    for id in [1, 2, 3] {
        // A node that has read this has the entry on its disk.
        assert_eq!(rig.get(id, "x?read=follower").await.body, "1");
        let text = async |path: &str| {
            let answer = rig
                .send(id, Method::GET, path, &[], b"")
                .await
                .expect("answers");
            assert_eq!(answer.status, 200);
            String::from_utf8(answer.body.to_vec()).expect("text")
        };
        assert_eq!(text("/healthz").await, "ok\n");
        let metrics = text("/metrics").await;
        let value = |name: &str| -> f64 {
            let line = metrics
                .lines()
                .find(|l| l.starts_with(&format!("{name}{{")))
                .expect(name);
            line.rsplit_once(' ')
                .expect("two words")
                .1
                .parse()
                .expect("a number")
        };
        assert!(value("raftwerk_term") >= 1.0 && value("raftwerk_peers_connected") == 2.0);
        assert!(value("raftwerk_log_sync_seconds_count") >= 1.0);
        assert!(value("raftwerk_log_durable_index") >= 3.0);
    }
}

/// A quorum read is served by the node asked, also when the leader is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quorum_reads_are_served_by_whoever_is_asked() {
    let mut rig = Rig::started(3).await;
    let leader = rig.leader().await;
    assert_eq!(rig.put(leader, "colour", b"blue").await.status, 200);
    for reader in [1, 2, 3] {
        let read = rig.get(reader, "colour?read=quorum").await;
        assert_eq!((read.status.as_u16(), &read.body[..]), (200, &b"blue"[..]));
        assert_eq!(number(&read, "raftwerk-node"), reader);
        assert!(!read.headers.contains_key("raftwerk-age-ms"));
    }
    rig.stop(leader).await;
    let reader = leader % 3 + 1;
    let read = rig.get(reader, "colour?read=quorum").await;
    assert_eq!((read.status.as_u16(), &read.body[..]), (200, &b"blue"[..]));
    assert_eq!(number(&read, "raftwerk-node"), reader);
}

/// A lease read is served by the leader, whoever is asked, where it is switched on; elsewhere it is
/// refused in words that say how.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_reads_are_served_by_the_leader_where_they_are_switched_on() {
    let mut rig = Rig::new(3);
    for id in [1, 2, 3] {
        let mut options = rig.options(id);
        options.lease_reads = true;
        rig.start_with(options).expect("it starts");
    }
    let leader = rig.leader().await;
    assert_eq!(rig.put(leader, "colour", b"blue").await.status, 200);
    for reader in [1, 2, 3] {
        let read = rig.get(reader, "colour?read=lease").await;
        assert_eq!((read.status.as_u16(), &read.body[..]), (200, &b"blue"[..]));
        assert_eq!(number(&read, "raftwerk-node"), leader);
    }
    let without = Rig::started(1).await;
    let refused = without.get(1, "colour?read=lease").await;
    assert_eq!(refused.status, 400);
    let told = problem(&refused);
    assert_eq!(told.kind, "not_possible");
    assert!(told.detail.contains("--lease-reads"), "{}", told.detail);
}
