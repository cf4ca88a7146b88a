//! First and last names by language; any likeness to real people is chance.

use super::Language;

pub(super) fn first(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => {
            &["Asha", "Ben", "Chloe", "Dana", "Ethan", "Farah", "Grace", "Hugo", "Isla", "Jon", "Maya", "Omar"]
        }
        Language::Spanish => &["Lucía", "Mateo", "Valentina", "Diego", "Camila", "Javier", "Inés", "Raúl"],
        Language::German => &["Anna", "Jonas", "Lena", "Felix", "Miriam", "Jürgen", "Käthe", "Emre"],
        Language::French => &["Chloé", "Hugo", "Inès", "Lucas", "Amélie", "Théo", "Zoé", "Karim"],
        Language::Portuguese => &["Beatriz", "João", "Larissa", "Rafael", "Inês", "Tiago", "Débora", "Caio"],
        Language::Arabic => &["Layla", "Yusuf", "Noor", "Karim", "Salma", "Hadi", "Rania", "Tariq"],
    }
}

pub(super) fn last(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &["Patel", "Walker", "Nguyen", "Brooks", "Carter", "Reed", "Okafor", "Lindqvist"],
        Language::Spanish => &["García", "Romero", "Ibáñez", "Castillo", "Vega", "Núñez"],
        Language::German => &["Schneider", "Vogel", "Krüger", "Brandt", "Yilmaz", "Hofmann"],
        Language::French => &["Moreau", "Lefèvre", "Garnier", "Benali", "Roux", "Chevalier"],
        Language::Portuguese => &["Almeida", "Conceição", "Ferreira", "Rocha", "Teixeira", "Nunes"],
        Language::Arabic => &["Haddad", "Mansour", "Saleh", "Nasser", "Khoury", "Aziz"],
    }
}
