//! Which bucket and which key a request is about: the first piece of the path is the bucket, unless the host's name has it.

use axum::http::header::HOST;
use axum::http::request::Parts;

use super::errors::Refused;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    /// Empty for the bucket itself.
    pub(super) key: String,
}

impl Place {
    pub(super) fn of(own_host: &str, parts: &Parts) -> Result<Self, Refused> {
        let path = unescaped(parts.uri.path())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let in_host = host.strip_suffix(own_host).and_then(|rest| rest.strip_suffix('.'));
        let (bucket, key) = match in_host {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// Percent-decoding of a path, where `+` is a plus.
pub(super) fn unescaped(path: &str) -> Result<String, Refused> {
    let invalid = || Refused::new("InvalidURI", "Couldn't parse the specified URI.");
    let mut pieces = path.split('%');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(invalid)?;
        out.push(u8::from_str_radix(digits, 16).map_err(|_| invalid())?);
        out.extend(rest.as_bytes());
    }
    String::from_utf8(out).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn place(uri: &str, host: &str) -> (String, String) {
        let parts = Request::builder().uri(uri).header(HOST, host).body(()).unwrap().into_parts().0;
        let Place { bucket, key } = Place::of("s3.standin.test", &parts).unwrap();
        (bucket, key)
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        let is = |bucket: &str, key: &str| (bucket.to_owned(), key.to_owned());
        assert_eq!(place("/pictures?list-type=2", "127.0.0.1:9000"), is("pictures", ""));
        assert_eq!(place("/pictures/a/b%20c+d%25.webp", "127.0.0.1:9000"), is("pictures", "a/b c+d%.webp"));
        assert_eq!(place("/a/b.webp", "pictures.s3.standin.test:9000"), is("pictures", "a/b.webp"));
        assert_eq!(place("/", "pictures.s3.standin.test"), is("pictures", ""));
        assert_eq!(place("/pictures/a", "s3.standin.test"), is("pictures", "a"));
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for path in ["/a%", "/a%2", "/a%zz", "/a%ff"] {
            assert_eq!(unescaped(path).map_err(|refused| refused.code().to_owned()), Err("InvalidURI".into()));
        }
    }
}
