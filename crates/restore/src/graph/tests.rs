use super::*;

use Kind::{Data, Definition, Gate};
use Lock::{Exclusive, Shared};

/// What a node locks, what it costs, and what it waits for.
type Case<'a> = (Kind, &'a [(usize, Lock)], u64, &'a [usize]);

/// Nodes by place.
fn graph(sessions: usize, nodes: &[Case<'_>]) -> Graph {
    let mut graph = Graph::new(sessions);
    for (place, (kind, locks, cost, _)) in nodes.iter().enumerate() {
        graph.add(place, *kind, locks.to_vec(), *cost);
    }
    for (node, (_, _, _, needed)) in nodes.iter().enumerate() {
        for needed in *needed {
            graph.wait(node, *needed);
        }
    }
    graph.begin();
    graph
}

const LARGE: u64 = SMALL_COST + 1;

#[test]
fn the_costliest_that_waits_for_nothing_comes_first() {
    let mut graph = graph(
        2,
        &[
            (Data, &[], 1, &[]),
            (Data, &[], LARGE, &[]),
            (Definition, &[], LARGE * 2, &[0]),
        ],
    );
    let first = graph.take().unwrap();
    assert_eq!(first.places, [1]);
    let second = graph.take().unwrap();
    assert_eq!(second.places, [0]);
    assert!(graph.take().is_none());
    graph.finish(&second);
    assert_eq!(graph.take().unwrap().places, [2]);
    assert!(graph.is_done());
}

#[test]
fn what_is_small_goes_together_with_what_waits_for_it() {
    let mut graph = graph(
        1,
        &[
            (Definition, &[], 0, &[]),
            (Definition, &[], 0, &[0]),
            (Data, &[], 0, &[]),
            (Definition, &[], 0, &[2]),
            (Definition, &[], 0, &[1, 0]),
            (Definition, &[], LARGE, &[]),
        ],
    );
    assert_eq!(graph.take().unwrap().places, [5]);
    assert_eq!(graph.take().unwrap().places, [0, 1, 4]);
    assert_eq!(graph.take().unwrap().places, [2]);
}

#[test]
fn a_tree_is_held_by_one_or_shared() {
    let mut graph = graph(
        3,
        &[
            (Definition, &[(7, Shared)], LARGE, &[]),
            (Definition, &[(7, Shared)], LARGE, &[]),
            (Definition, &[(7, Exclusive)], LARGE, &[]),
            (Definition, &[(8, Exclusive)], LARGE, &[]),
        ],
    );
    let tasks: Vec<_> = std::iter::from_fn(|| graph.take()).collect();
    let places: Vec<_> = tasks.iter().map(|task| task.places[0]).collect();
    assert_eq!(places, [0, 1, 3]);
    graph.finish(&tasks[0]);
    assert!(graph.take().is_none());
    graph.finish(&tasks[1]);
    let alone = graph.take().unwrap();
    assert_eq!(alone.places, [2]);
    graph.finish(&alone);
    graph.finish(&tasks[2]);
    assert!(graph.is_done() && graph.held.is_empty() && graph.running == 0);
}

#[test]
fn a_gate_opens_by_itself() {
    let mut graph = graph(
        1,
        &[
            (Data, &[], 0, &[]),
            (Data, &[], 0, &[]),
            (Gate, &[], 0, &[0, 1]),
            (Definition, &[], 0, &[2]),
        ],
    );
    for expected in [0, 1, 3] {
        let task = graph.take().unwrap();
        assert_eq!(task.places, [expected]);
        graph.finish(&task);
    }
    assert!(graph.is_done());
}

#[test]
fn entries_that_need_each_other_are_tried_all_the_same() {
    let mut graph = graph(
        2,
        &[
            (Definition, &[], LARGE, &[1]),
            (Definition, &[], LARGE, &[0]),
        ],
    );
    for expected in [0, 1] {
        let task = graph.take().unwrap();
        assert_eq!(task.places, [expected]);
        assert!(graph.take().is_none());
        graph.finish(&task);
    }
    assert!(graph.is_done());
}
