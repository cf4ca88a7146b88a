//! Deterministic PDF pages from text, tables and charts.
