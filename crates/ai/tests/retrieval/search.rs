use ai::retrieval::{Chunk, Index, Question};
use uuid::Uuid;

fn index(texts: &[(&str, &str)]) -> Index {
    Index::build(
        texts
            .iter()
            .enumerate()
            .map(|(n, (language, text))| Chunk::passage(Uuid::from_u128(n as u128), language, *text))
            .collect(),
    )
}

fn best(index: &Index, question: &str, language: &str) -> Option<usize> {
    index.search(&Question::new(question, language), 3).first().map(|h| h.position)
}

#[test]
fn stems_synonyms_and_slips_find_their_chunk() {
    let index = index(&[
        ("en", "In-office whitening is $299 and takes an hour."),
        ("en", "The garage under the building is free for patients."),
        ("en", "We are in network with Delta Dental and Cigna."),
        ("en", "The fee for a late cancellation is $40."),
    ]);
    assert_eq!(best(&index, "how much to whiten my teeth", "en"), Some(0));
    assert_eq!(best(&index, "where can I park?", "en"), Some(1));
    assert_eq!(best(&index, "what does it cost to cancel late", "en"), Some(3));
    assert_eq!(best(&index, "do you do whitning", "en"), Some(0));
    assert_eq!(best(&index, "", "en"), None);
}

#[test]
fn every_language_is_searched_in_its_own_way() {
    let index = index(&[
        ("de", "Die Öffnungszeiten der Praxis sind montags von 8 bis 18 Uhr."),
        ("de", "Für Massagen brauchen Sie kein Rezept."),
        ("es", "Los perros son bienvenidos en la terraza."),
    ]);
    assert_eq!(best(&index, "Brauche ich für eine Massage ein Rezept?", "de"), Some(1));
    assert_eq!(best(&index, "¿Puedo ir con mi perro?", "es"), Some(2));
    // A language without chunks still finds names and numbers.
    assert_eq!(best(&index, "rezept", "fr"), Some(1));
}

#[test]
fn sentence_vectors_count_when_they_fit() {
    let mut chunks =
        vec![Chunk::passage(Uuid::from_u128(0), "en", "alpha"), Chunk::passage(Uuid::from_u128(1), "en", "beta")];
    chunks[0].vector = Some(vec![1.0, 0.0]);
    chunks[1].vector = Some(vec![0.0, 1.0]);
    let index = Index::build(chunks);
    assert_eq!(index.vector_dims(), Some(2));
    let hits = index.search(&Question::new("gamma", "en").with_vector(&[0.1, 0.9]), 2);
    assert_eq!((hits[0].position, hits[0].meaning), (1, 0.9));
    // A vector of another embedder says nothing here.
    let odd = index.search(&Question::new("beta", "en").with_vector(&[1.0, 0.0, 0.0]), 2);
    assert_eq!((odd[0].position, odd[0].meaning), (1, 0.0));
}

#[test]
fn asking_for_more_than_there_is_gives_what_there_is() {
    let index = index(&[("en", "one whitening"), ("en", "two whitening")]);
    assert_eq!(index.search(&Question::new("whitening", "en"), 50).len(), 2);
    assert!(index.search(&Question::new("whitening", "en"), 0).is_empty());
    assert!(Index::build(Vec::new()).search(&Question::new("whitening", "en"), 5).is_empty());
}
