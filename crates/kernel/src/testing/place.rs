//! Where tests keep what outlives one process.

use std::path::{Path, PathBuf};

/// The `tmp` folder of the build's target folder: test programs lie in `<target>/<profile>/deps`.
pub(super) fn shared() -> PathBuf {
    let program = std::env::current_exe().expect("the operating system knows our own path");
    let target = program.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    target.map_or_else(std::env::temp_dir, Path::to_owned).join("tmp")
}
