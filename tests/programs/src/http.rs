//! A request through `wasi:http`, as a library for guests would send it.

use crate::wasi::wasi::http::outgoing_handler::handle;
use crate::wasi::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme, http_error_code,
};
use crate::wasi::wasi::io::streams::{InputStream, StreamError};
use crate::{Input, Value, json};

/// A request that is under way, and what is left of it to do.
pub struct Response(IncomingResponse);

/// Sends what the input says: `scheme` (`http`), `authority`, `path`, `method`, `headers`, `body` bytes, and the wishes `first-byte`
/// and `between-bytes` in milliseconds. Waits for the head of the response.
pub fn send(input: &Input) -> Result<Response, ErrorCode> {
    let pairs = input.pairs("headers").into_iter().map(|(name, value)| (name, value.into_bytes()));
    let headers = Fields::from_list(&pairs.collect::<Vec<_>>()).expect("the headers are sound");
    let request = OutgoingRequest::new(headers);
    let method = match input.option("method").as_deref() {
        None | Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some("POST") => Method::Post,
        Some("CONNECT") => Method::Connect,
        Some(other) => Method::Other(other.to_owned()),
    };
    let scheme = match input.option("scheme").as_deref() {
        None | Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some(other) => Scheme::Other(other.to_owned()),
    };
    request.set_method(&method).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    request.set_scheme(Some(&scheme)).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let authority = Some(input.text("authority"));
    request.set_authority(authority).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let path = input.option("path");
    request.set_path_with_query(path.as_deref()).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;

    let options = RequestOptions::new();
    let nanoseconds = |name: &str| input.number(name).map(|milliseconds| milliseconds * 1_000_000);
    options.set_first_byte_timeout(nanoseconds("first-byte")).expect("an option");
    options.set_between_bytes_timeout(nanoseconds("between-bytes")).expect("an option");

    let body = request.body().expect("the body of a new request");
    let future = handle(request, Some(options))?;
    let sent = write(body, input.number("body").unwrap_or_default());
    let response = loop {
        match future.get() {
            Some(response) => break response.expect("the response is taken once")?,
            None => future.subscribe().block(),
        }
    };
    sent?;
    Ok(Response(response))
}

/// Writes so many bytes. A body that nobody takes any more is not the error that counts: that of the response is.
fn write(body: OutgoingBody, mut bytes: u64) -> Result<(), ErrorCode> {
    {
        let stream = body.write().expect("the stream of a new body");
        while bytes > 0 {
            let piece = bytes.min(4096);
            if stream.blocking_write_and_flush(&vec![b'x'; piece as usize]).is_err() {
                return Ok(());
            }
            bytes -= piece;
        }
    }
    OutgoingBody::finish(body, None)
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// Takes the body, to hold it or to read it.
    pub fn body(&self) -> IncomingBody {
        self.0.consume().expect("the body of a new response")
    }

    /// Status, headers, and the body as text, or its length if it is long.
    pub fn read(&self) -> Result<Value, ErrorCode> {
        let body = self.body();
        let bytes = read_all(&body.stream().expect("the stream of a new body"))?;
        let headers: Vec<_> =
            self.0.headers().entries().into_iter().map(|(name, value)| (name, text(&value))).collect();
        let body = if bytes.len() <= 1000 { json!(text(&bytes)) } else { json!(bytes.len()) };
        Ok(json!({ "status": self.status(), "headers": headers, "body": body }))
    }
}

fn read_all(stream: &InputStream) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error)
                    .unwrap_or(ErrorCode::InternalError(Some(error.to_debug_string()))));
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
