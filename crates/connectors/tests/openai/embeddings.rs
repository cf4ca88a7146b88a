use base64::Engine;
use connectors::openai::embeddings::{EmbeddingRequest, MOST_INPUTS, check, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(items: &[(usize, Value)]) -> Vec<u8> {
    let data: Vec<_> = items.iter().map(|(index, vector)| json!({"index": index, "embedding": vector})).collect();
    json!({"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}})
        .to_string()
        .into()
}

fn base64(numbers: &[f32]) -> Value {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}

#[test]
fn both_forms_are_read_in_the_order_of_the_index() {
    let body = answer(&[(1, base64(&[0.5, -2.0])), (0, json!([1.0, 2]))]);
    let embeddings = read(&body, 2).expect("two vectors");
    assert_eq!(embeddings.vectors, [vec![1.0, 2.0], vec![0.5, -2.0]]);
    assert_eq!((embeddings.model.as_str(), embeddings.usage.prompt_tokens), ("m", 3));
}

#[test]
fn what_is_missing_odd_or_not_finite_is_refused() {
    let one = json!([1.0, 2.0]);
    let cases = [
        (answer(&[(0, one.clone())]), "a text without a vector"),
        (answer(&[(0, one.clone()), (7, one.clone())]), "a vector for no text"),
        (answer(&[(0, one.clone()), (1, json!([1.0]))]), "two widths"),
        (answer(&[(0, one.clone()), (1, json!("not base64"))]), "broken base64"),
        (answer(&[(0, one.clone()), (1, json!("AAAA"))]), "three bytes are no f32"),
        (answer(&[(0, one), (1, base64(&[f32::NAN, 1.0]))]), "not a number"),
        (b"{}".to_vec(), "no data"),
    ];
    for (body, why) in cases {
        assert!(read(&body, 2).is_err(), "{why}");
    }
}

#[test]
fn a_batch_is_checked_before_it_is_sent() {
    let request =
        |input: Vec<String>| EmbeddingRequest { model: "m".into(), input, dimensions: None, encoding_format: None };
    assert!(check(&request(vec!["a".into()])).is_ok());
    assert!(check(&request(vec![])).is_err());
    assert!(check(&request(vec!["a".into(), String::new()])).is_err());
    assert!(check(&request(vec!["a".into(); MOST_INPUTS + 1])).is_err());
}

proptest! {
    #[test]
    fn base64_gives_the_same_numbers(numbers in prop::collection::vec(-1e6f32..1e6, 1..64)) {
        let body = answer(&[(0, base64(&numbers))]);
        prop_assert_eq!(&read(&body, 1).expect("one vector").vectors[0], &numbers);
    }
}
