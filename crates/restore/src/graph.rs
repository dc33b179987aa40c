//! What is to be done side by side: in what order, and what not at the same time.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use crate::domain::Lock;

/// Work up to this cost goes with other work of its kind to one session at once.
pub(crate) const SMALL_COST: u64 = 256 * 1024;

/// The most entries that go to a session at once.
const AT_ONCE: usize = 50;

/// In the place of a number of holders.
const EXCLUSIVE: i32 = -1;

/// A kind of work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Statements.
    Definition,
    /// Data of few bytes.
    SmallData,
    /// Data of any size.
    Data,
    /// None: it stands for much that others wait for.
    Gate,
}

/// A piece of work.
#[derive(Debug)]
pub(crate) struct Node {
    /// The entry's place in the table of contents.
    pub(crate) place: usize,
    pub(crate) kind: Kind,
    pub(crate) locks: Vec<(usize, Lock)>,
    /// What is costly is begun early.
    pub(crate) cost: u64,
    /// How many nodes must be done before.
    waits: usize,
    /// The nodes that wait for it.
    next: Vec<usize>,
    is_taken: bool,
}

/// Nodes that one session does in one go.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Task {
    pub(crate) kind: Kind,
    /// What its first node costs.
    pub(crate) cost: u64,
    nodes: Vec<usize>,
    held: Vec<(usize, Lock)>,
    /// The entries' places, in the order in which they are to be restored.
    pub(crate) places: Vec<usize>,
}

/// All work of a part of a restore.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    /// Nodes that wait for nothing, the costliest first and then in the archive's order.
    ready: BTreeSet<(Reverse<u64>, usize)>,
    /// How many tasks hold each tree, or that one holds it alone.
    held: HashMap<usize, i32>,
    left: usize,
    running: usize,
    sessions: usize,
}

impl Graph {
    /// No work yet, for so many sessions.
    pub(crate) fn new(sessions: usize) -> Self {
        Self {
            sessions,
            ..Self::default()
        }
    }

    /// Adds a node and gives its number. Nodes are added in the order in which they would be done one by one.
    pub(crate) fn add(
        &mut self,
        place: usize,
        kind: Kind,
        locks: Vec<(usize, Lock)>,
        cost: u64,
    ) -> usize {
        self.nodes.push(Node {
            place,
            kind,
            locks,
            cost,
            waits: 0,
            next: Vec::new(),
            is_taken: false,
        });
        self.left += 1;
        self.nodes.len() - 1
    }

    /// The place of a node's entry.
    pub(crate) fn place(&self, node: usize) -> usize {
        self.nodes[node].place
    }

    /// Has a node wait for another.
    pub(crate) fn wait(&mut self, node: usize, needed: usize) {
        if node != needed {
            self.nodes[needed].next.push(node);
            self.nodes[node].waits += 1;
        }
    }

    /// Begins: whatever waits for nothing is ready.
    pub(crate) fn begin(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].waits == 0 && !self.nodes[node].is_taken {
                self.make_ready(node);
            }
        }
    }

    /// Whether nothing is left to be given out.
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Work for a session that has none. `None` says that there is none just now.
    pub(crate) fn take(&mut self) -> Option<Task> {
        let first = match self.first_free() {
            Some(first) => first,
            // Entries that need each other: the first of them is tried.
            None if self.running == 0 && self.ready.is_empty() => {
                (0..self.nodes.len()).find(|node| !self.nodes[*node].is_taken)?
            }
            None => return None,
        };
        let kind = self.nodes[first].kind;
        let mut task = Batch::new(kind);
        self.put(first, &mut task);
        if kind != Kind::Data && self.nodes[first].cost <= SMALL_COST {
            let most = (self.ready.len() / self.sessions.max(1)).clamp(1, AT_ONCE);
            self.fill_up(&mut task, most);
        }
        let held = self.hold(&task);
        self.running += 1;
        let mut nodes = task.nodes;
        nodes.sort_unstable();
        Some(Task {
            kind,
            cost: self.nodes[first].cost,
            places: nodes.iter().map(|node| self.nodes[*node].place).collect(),
            nodes,
            held,
        })
    }

    /// Notes that a task is done with, well or not.
    pub(crate) fn finish(&mut self, task: &Task) {
        self.running -= 1;
        for (root, lock) in &task.held {
            if let Entry::Occupied(mut holders) = self.held.entry(*root) {
                *holders.get_mut() -= 1;
                if *lock == Lock::Exclusive || *holders.get() <= 0 {
                    holders.remove();
                }
            }
        }
        for &node in &task.nodes {
            self.release(node);
        }
    }

    /// What waited for a node waits for one less.
    fn release(&mut self, node: usize) {
        let mut done = vec![node];
        while let Some(node) = done.pop() {
            for next in std::mem::take(&mut self.nodes[node].next) {
                self.nodes[next].waits -= 1;
                if self.nodes[next].waits > 0 || self.nodes[next].is_taken {
                    continue;
                }
                if self.nodes[next].kind == Kind::Gate {
                    self.nodes[next].is_taken = true;
                    self.left -= 1;
                    done.push(next);
                } else {
                    self.make_ready(next);
                }
            }
        }
    }

    fn make_ready(&mut self, node: usize) {
        if self.nodes[node].kind == Kind::Gate {
            self.nodes[node].is_taken = true;
            self.left -= 1;
            self.release(node);
        } else {
            self.ready.insert((Reverse(self.nodes[node].cost), node));
        }
    }

    fn first_free(&self) -> Option<usize> {
        let mut ready = self.ready.iter().map(|(_, node)| *node);
        ready.find(|node| self.is_free(*node))
    }

    /// Whether nobody holds what the node needs.
    fn is_free(&self, node: usize) -> bool {
        self.nodes[node]
            .locks
            .iter()
            .all(|(root, lock)| match (self.held.get(root), lock) {
                (None, _) => true,
                (Some(holders), Lock::Shared) => *holders > 0,
                (Some(_), Lock::Exclusive) => false,
            })
    }

    /// Adds more of the same kind: what those in the task were waited for by, then what is ready.
    fn fill_up(&mut self, task: &mut Batch, most: usize) {
        let fits = |node: &Node| node.kind == task.kind && node.cost <= SMALL_COST;
        let ready: Vec<usize> = self
            .ready
            .iter()
            .map(|(_, node)| *node)
            .filter(|node| fits(&self.nodes[*node]) && self.is_free(*node))
            .take(most)
            .collect();
        let mut ready = ready.into_iter();
        let mut roots = 1;
        loop {
            while let Some(node) = task.follow.pop() {
                if task.nodes.len() < 2 * AT_ONCE
                    && self.nodes[node].kind == task.kind
                    && self.nodes[node].cost <= SMALL_COST
                    && self.is_free(node)
                {
                    self.put(node, task);
                }
            }
            match ready.next() {
                Some(node) if roots < most && task.nodes.len() < 2 * AT_ONCE => {
                    roots += 1;
                    self.put(node, task);
                }
                _ => return,
            }
        }
    }

    fn put(&mut self, node: usize, task: &mut Batch) {
        if std::mem::replace(&mut self.nodes[node].is_taken, true) {
            return;
        }
        self.left -= 1;
        self.ready.remove(&(Reverse(self.nodes[node].cost), node));
        task.nodes.push(node);
        for &next in &self.nodes[node].next {
            let met = task.met.entry(next).or_default();
            *met += 1;
            if *met == self.nodes[next].waits && !self.nodes[next].is_taken {
                task.follow.push(next);
            }
        }
    }

    /// Locks all that a task needs, each tree once and as strongly as anything in it asks for.
    fn hold(&mut self, task: &Batch) -> Vec<(usize, Lock)> {
        let mut locks: HashMap<usize, Lock> = HashMap::new();
        for &node in &task.nodes {
            for &(root, lock) in &self.nodes[node].locks {
                let held = locks.entry(root).or_insert(lock);
                *held = (*held).max(lock);
            }
        }
        for (root, lock) in &locks {
            let holders = self.held.entry(*root).or_default();
            match lock {
                Lock::Shared => *holders += 1,
                Lock::Exclusive => *holders = EXCLUSIVE,
            }
        }
        locks.into_iter().collect()
    }
}

/// A task being put together.
struct Batch {
    kind: Kind,
    nodes: Vec<usize>,
    /// How many of the nodes that each other one waits for are in the task.
    met: HashMap<usize, usize>,
    /// Nodes that wait for nothing outside the task.
    follow: Vec<usize>,
}

impl Batch {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            nodes: Vec::new(),
            met: HashMap::new(),
            follow: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
