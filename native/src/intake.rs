//! The body of a request: whole, within a limit, within a time.

use crate::limits::{BODY_DRAIN_BYTES, REQUEST};
use crate::problem::Trouble;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;

/// Reads the whole body.
///
/// What is longer than the limit is read on for a while and thrown away: an error that is sent
/// while the other side still sends is lost with the connection, and the other side would not
/// know what was wrong.
///
/// # Errors
/// Why there is no whole body; nothing was done.
pub async fn whole(body: Body, limit: usize) -> Result<Bytes, Trouble> {
    match timeout(REQUEST, collect(body, limit)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes.into()),
        Ok(Ok(None)) => Err(Trouble::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body is longer than {limit} bytes, the most that is taken here"),
        )),
        Ok(Err(_)) => Err(Trouble::bad(
            "broken_body",
            "the body broke off before its end, nothing was done; send it again",
        )),
        Err(_) => Err(Trouble::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow_body",
            "the body did not arrive in time, nothing was done; send it again",
        )),
    }
}

/// All bytes; `None`: there are more than the limit.
async fn collect(mut body: Body, limit: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let (mut bytes, mut total) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        total = total.saturating_add(data.len());
        if total <= limit {
            bytes.extend_from_slice(&data);
        } else if total - limit > BODY_DRAIN_BYTES {
            break;
        }
    }
    Ok((total <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_body_is_whole_or_refused() {
        let read = async |length: usize| {
            let outcome = whole(Body::from(vec![7; length]), 10).await;
            outcome.map(|bytes| bytes.len()).map_err(|trouble| {
                let response = trouble.into_response();
                response.status().as_u16()
            })
        };
        assert_eq!(read(0).await, Ok(0));
        assert_eq!(read(10).await, Ok(10));
        assert_eq!(read(11).await, Err(413));
        assert_eq!(read(20 + BODY_DRAIN_BYTES).await, Err(413));
        let broken = futures_util::stream::iter([
            Ok(Bytes::from_static(b"half")),
            Err(std::io::Error::other("gone")),
        ]);
        let outcome = whole(Body::from_stream(broken), 10).await;
        assert_eq!(
            outcome.map_err(|t| t.kind().to_string()),
            Err("broken_body".into())
        );
    }
}
