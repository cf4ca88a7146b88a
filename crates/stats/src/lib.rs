//! Statistics and anomaly detection as pure functions.
