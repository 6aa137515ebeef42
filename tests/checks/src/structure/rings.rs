//! Import rings: modules that import each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Crate;

/// One import that is part of a ring.
#[derive(Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// Where it is written, in the file of `from`.
    pub line: usize,
}

/// Modules each of which leads to all others, and the imports that make it so.
#[derive(Debug)]
pub struct Ring {
    pub modules: Vec<usize>,
    pub edges: Vec<Edge>,
}

/// From each module to those that it leads to: the line of the import, none where the module is inside it.
type Graph = BTreeMap<usize, BTreeMap<usize, Option<usize>>>;

/// The rings of a crate. A module and those inside it may import each other; to import a module leads to those inside it, too.
#[must_use]
pub fn rings(read: &Crate) -> Vec<Ring> {
    let graph = graph(read);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for &start in graph.keys() {
        if seen.contains(&start) {
            continue;
        }
        let reached = reachable(&graph, start);
        let ring: Vec<usize> = reached
            .into_iter()
            .filter(|&other| reachable(&graph, other).contains(&start))
            .collect();
        seen.extend(ring.iter().copied());
        if ring.len() > 1 {
            found.push(Ring { edges: edges(&graph, &ring), modules: ring });
        }
    }
    found
}

fn graph(read: &Crate) -> Graph {
    let mut graph = Graph::new();
    for (from, module) in read.modules.iter().enumerate() {
        let targets = graph.entry(from).or_default();
        // Who imports a module gets what is inside it, too.
        targets.extend(module.children.values().map(|&child| (child, None)));
        for reference in &module.references {
            let Some(to) = read.resolve(from, &reference.path) else { continue };
            if !read.related(from, to) {
                targets.entry(to).or_insert(Some(reference.line));
            }
        }
    }
    graph
}

fn reachable(graph: &Graph, start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(current) = open.pop() {
        for &next in graph.get(&current).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

fn edges(graph: &Graph, ring: &[usize]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for &from in ring {
        for (&to, &line) in &graph[&from] {
            let Some(line) = line else { continue };
            if ring.contains(&to) {
                edges.push(Edge { from, to, line });
            }
        }
    }
    edges
}
