//! The map of the house: every route, as the router itself has it.

use std::collections::BTreeSet;

use crate::house::{House, Who};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A method and a path with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub method: &'static str,
    pub path: String,
}

impl Route {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn changes(&self) -> bool {
        self.method != "GET"
    }

    /// How many parameters its path has.
    pub fn parameters(&self) -> usize {
        self.path.matches('{').count()
    }

    /// The path with values for its parameters, in their order; the last value stands for all that follow.
    pub fn with(&self, values: &[&str]) -> String {
        let mut path = self.path.clone();
        let mut number = 0;
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, values[number.min(values.len() - 1)]);
            number += 1;
        }
        path
    }

    /// The path with ids of nothing.
    pub fn with_nothing(&self) -> String {
        self.with(&["conv_01h455vb4pex5vsknk084sn02q"])
    }

    /// Whether programs call it: its errors are JSON.
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/v2/") || self.path.starts_with("/scim/")
    }

    /// A body that no handler reads: who is refused for who they are is refused before it.
    pub fn bad_body(&self) -> (&'static str, Vec<u8>) {
        match (self.changes(), self.is_api()) {
            (false, _) => ("", Vec::new()),
            (true, true) => ("application/json", b"{".to_vec()),
            (true, false) => ("application/x-www-form-urlencoded", b"\xff".to_vec()),
        }
    }
}

/// The paths of a router. It has no list of its own; its `Debug` shows the map it matches by.
pub fn paths(house: &House) -> BTreeSet<String> {
    let shown = format!("{:?}", house.router);
    let after_ids =
        shown.split("RouteId(").skip(1).filter_map(|rest| rest.split_once("): \"").filter(|(id, _)| id.len() < 6));
    let paths: BTreeSet<String> = after_ids
        .filter_map(|(_, rest)| rest.split('"').next())
        .filter(|path| path.starts_with('/') && !path.contains("__private__"))
        .map(str::to_owned)
        .collect();
    for known in
        ["/sign-in", "/inbox/{id}", "/settings/people", "/v2/conversations", "/v2/auth/login", "/assets/{file}"]
    {
        assert!(paths.contains(known), "the map shows {known}: {paths:?}");
    }
    assert!(paths.len() > 100, "the map shows {} paths", paths.len());
    paths
}

/// Every route: a method that a path does not answer to is 405.
pub async fn routes(house: &House) -> Vec<Route> {
    let mut all = Vec::new();
    for path in paths(house) {
        for method in METHODS {
            let route = Route { method, path: path.clone() };
            let seen = house.ask(&Who::Nobody, method, &route.with_nothing(), route.bad_body()).await;
            if seen.status != 405 {
                all.push(route);
            }
        }
    }
    all
}
