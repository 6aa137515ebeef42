//! Import rings: modules that import each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Crate;

/// One import that is part of a ring.
#[derive(Clone, Copy, Debug)]
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

/// From each module to those beside it that it, or a module inside it, imports: the first import.
type Graph = BTreeMap<usize, BTreeMap<usize, Edge>>;

/// The rings of a crate. A module counts with all modules inside it; these may import each other.
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
        for reference in &module.references {
            let Some(to) = read.resolve(from, &reference.path) else { continue };
            let Some((outer, other)) = read.siblings(from, to) else { continue };
            let edge = Edge { from, to, line: reference.line };
            graph.entry(outer).or_default().entry(other).or_insert(edge);
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
    let inside = |other: &&usize| ring.contains(*other);
    let imports = ring.iter().flat_map(|from| &graph[from]);
    imports.filter(|(to, _)| inside(to)).map(|(_, edge)| *edge).collect()
}
