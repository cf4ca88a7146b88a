//! Log lines: one event per thing that happened, with dotted fields; never message text, names, addresses or tokens.

use kernel::config::{LogConfig, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. A filter that cannot be read falls back to `info`.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        eprintln!("recoup: logging was already started");
    }
}
