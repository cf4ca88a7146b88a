//! Opens the store that the configuration names, and says what is wrong with a configuration that names none.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use reqwest::header::HeaderValue;

use super::{Patience, Place};
use crate::config::ObjectsConfig;

/// What stands for the bucket in an address whose host begins with it.
const BUCKET_IN_HOST: &str = "{bucket}";
/// What stores that know no regions are told.
const NO_REGION: &str = "us-east-1";

/// A folder of this machine. What is kept is on the disk before the row that names it.
pub(super) fn folder(folder: &Path) -> anyhow::Result<(Arc<dyn ObjectStore>, Place)> {
    let opened = std::fs::create_dir_all(folder).map_err(anyhow::Error::from).and_then(|()| {
        let store = LocalFileSystem::new_with_prefix(folder)?;
        Ok(store.with_automatic_cleanup(true).with_fsync(true))
    });
    let words = || format!("the folder {} cannot be used for objects: check RECOUP__DATA_DIR", folder.display());
    let store: Arc<dyn ObjectStore> = Arc::new(opened.with_context(words)?);
    Ok((store, Place::Folder(folder.to_owned())))
}

/// A bucket that speaks S3.
pub(super) fn bucket(
    given: &ObjectsConfig,
    name: &str,
    patience: Patience,
) -> anyhow::Result<(Arc<dyn ObjectStore>, Place)> {
    let endpoint = given.endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
    check(given, name, endpoint)?;
    let region = if given.region.is_empty() { NO_REGION } else { &given.region };
    let Address { url, bucket_in_host } = address(name, region, endpoint);
    // An error only means that another provider was installed first, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let options = ClientOptions::new()
        .with_allow_http(url.starts_with("http://"))
        .with_user_agent(HeaderValue::from_static(concat!("Recoup/", env!("CARGO_PKG_VERSION"))))
        .with_connect_timeout(patience.connect)
        .with_timeout(patience.attempt);
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    let retry = RetryConfig { backoff, max_retries: patience.retries, retry_timeout: patience.begin_within };
    let built = AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(retry)
        .with_bucket_name(name)
        .with_region(region)
        .with_endpoint(&url)
        .with_virtual_hosted_style_request(bucket_in_host)
        .with_access_key_id(&given.access_key_id)
        .with_secret_access_key(given.secret_access_key.reveal())
        .build()
        .context("the bucket cannot be used with these RECOUP__OBJECTS__… settings")?;
    let store: Arc<dyn ObjectStore> = Arc::new(built);
    Ok((store, Place::Bucket { name: name.to_owned(), region: region.to_owned(), address: url }))
}

fn check(given: &ObjectsConfig, name: &str, endpoint: Option<&str>) -> anyhow::Result<()> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    anyhow::ensure!(
        name.chars().all(plain),
        "RECOUP__OBJECTS__BUCKET is the name of the bucket alone, without an address or a folder"
    );
    anyhow::ensure!(
        !given.access_key_id.is_empty() && !given.secret_access_key.is_empty(),
        "RECOUP__OBJECTS__BUCKET needs RECOUP__OBJECTS__ACCESS_KEY_ID and RECOUP__OBJECTS__SECRET_ACCESS_KEY"
    );
    anyhow::ensure!(
        !given.region.is_empty() || endpoint.is_some(),
        "RECOUP__OBJECTS__BUCKET needs RECOUP__OBJECTS__REGION, such as eu-central-1, or RECOUP__OBJECTS__ENDPOINT"
    );
    anyhow::ensure!(
        endpoint.is_none_or(|endpoint| endpoint.starts_with("https://") || endpoint.starts_with("http://")),
        "RECOUP__OBJECTS__ENDPOINT is not an http or https address"
    );
    Ok(())
}

/// Where requests go.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    url: String,
    /// Whether the bucket is a part of the host's name, and not of the path.
    bucket_in_host: bool,
}

/// The endpoint, or the region's own address at AWS.
fn address(bucket: &str, region: &str, endpoint: Option<&str>) -> Address {
    if let Some(endpoint) = endpoint {
        let bucket_in_host = endpoint.contains(BUCKET_IN_HOST);
        return Address { url: endpoint.trim_end_matches('/').replace(BUCKET_IN_HOST, bucket), bucket_in_host };
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    // The certificate of the host covers no name with a dot in it.
    if bucket.contains('.') {
        return Address { url: format!("https://s3.{region}.{domain}"), bucket_in_host: false };
    }
    Address { url: format!("https://{bucket}.s3.{region}.{domain}"), bucket_in_host: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn requests_go_to_the_region_or_to_the_endpoint() {
        let place = |bucket, region, endpoint| {
            let Address { url, bucket_in_host } = address(bucket, region, endpoint);
            (url, bucket_in_host)
        };
        assert_eq!(
            place("pictures", "eu-central-1", None),
            ("https://pictures.s3.eu-central-1.amazonaws.com".into(), true)
        );
        assert_eq!(
            place("pictures.example.com", "eu-central-1", None),
            ("https://s3.eu-central-1.amazonaws.com".into(), false)
        );
        assert_eq!(
            place("pictures", "cn-north-1", None),
            ("https://pictures.s3.cn-north-1.amazonaws.com.cn".into(), true)
        );
        assert_eq!(place("pictures", NO_REGION, Some("http://minio:9000/")), ("http://minio:9000".into(), false));
        // A host that happens to begin like the bucket is no host of the bucket.
        assert_eq!(
            place("minio", NO_REGION, Some("https://minio.example.com")),
            ("https://minio.example.com".into(), false)
        );
        assert_eq!(
            place("pictures", "auto", Some("https://{bucket}.store.example.com/")),
            ("https://pictures.store.example.com".into(), true)
        );
    }

    #[test]
    fn a_half_configured_bucket_is_refused_with_the_name_of_what_is_missing() {
        let whole = || ObjectsConfig {
            bucket: Some("pictures".into()),
            region: "eu-central-1".into(),
            endpoint: None,
            access_key_id: "AKID".into(),
            secret_access_key: Secret::new("very-secret"),
        };
        let words = |given: ObjectsConfig| {
            let name = given.bucket.clone().unwrap_or_default();
            bucket(&given, &name, Patience::default()).err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        assert_eq!(words(whole()), "");
        let endpoint = |endpoint: &str| Some(endpoint.to_owned());
        assert_eq!(
            words(ObjectsConfig { region: String::new(), endpoint: endpoint("http://minio:9000"), ..whole() }),
            ""
        );
        for (given, named) in [
            (ObjectsConfig { bucket: Some("pictures/of/us".into()), ..whole() }, "RECOUP__OBJECTS__BUCKET is the name"),
            (ObjectsConfig { region: String::new(), ..whole() }, "RECOUP__OBJECTS__REGION"),
            (ObjectsConfig { access_key_id: String::new(), ..whole() }, "RECOUP__OBJECTS__ACCESS_KEY_ID"),
            (ObjectsConfig { secret_access_key: Secret::default(), ..whole() }, "RECOUP__OBJECTS__SECRET_ACCESS_KEY"),
            (ObjectsConfig { endpoint: endpoint("minio:9000"), ..whole() }, "RECOUP__OBJECTS__ENDPOINT"),
        ] {
            let said = words(given);
            assert!(said.contains(named) && !said.contains("very-secret"), "{said}");
        }
    }
}
