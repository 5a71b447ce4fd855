//! Rewrites a file with each mutant beside the code that it replaces.

use std::fmt::Write;
use std::ops::Range;

/// A piece of the source that has mutants.
pub struct Node {
    /// Its position.
    pub range: Range<usize>,
    /// Its mutants.
    pub kind: Kind,
}

/// The possible mutants of a piece.
pub enum Kind {
    /// The start of a function: it returns a value at once.
    Return(Vec<(u32, String)>),
    /// A statement: it is left out.
    Statement(u32),
    /// The error of a constraint: it is not raised.
    Constraint(u32),
    /// A condition: it is always true, or false.
    Condition {
        /// Number of the mutant that is always true.
        yes: u32,
        /// Number of the mutant that is always false.
        no: u32,
    },
    /// A negation: it is left out.
    Not {
        /// What is negated.
        inner: Range<usize>,
        /// The mutant's number.
        number: u32,
    },
    /// An operator, replaced by another one.
    Operator {
        /// Its left and right operands.
        sides: [Range<usize>; 2],
        /// The operator.
        operator: &'static str,
        /// The replacements.
        others: Vec<(u32, &'static str)>,
    },
}

/// The whole file.
pub fn emit(source: &str, nodes: &[Node]) -> String {
    let writer = Writer { source, nodes };
    writer.piece(0..source.len(), 0)
}

struct Writer<'a> {
    source: &'a str,
    nodes: &'a [Node],
}

impl Writer<'_> {
    /// A piece of the source, with the mutants of the nodes within it from `first` on.
    fn piece(&self, range: Range<usize>, first: usize) -> String {
        let mut out = String::new();
        let mut at = range.start;
        for (index, node) in self.nodes.iter().enumerate().skip(first) {
            if node.range.start >= at && node.range.end <= range.end {
                out.push_str(&self.source[at..node.range.start]);
                out.push_str(&self.node(index));
                at = node.range.end;
            }
        }
        out.push_str(&self.source[at..range.end]);
        out
    }

    fn node(&self, index: usize) -> String {
        let Node { range, kind } = &self.nodes[index];
        let inside = |range: &Range<usize>| self.piece(range.clone(), index + 1);
        match kind {
            Kind::Return(values) => {
                let mut out = String::new();
                for (number, value) in values {
                    let _ = write!(out, " if crate::mutant::is({number}) {{ return {value}; }}");
                }
                out
            }
            Kind::Statement(number) => {
                format!("if !crate::mutant::is({number}) {{ {} }}", inside(range))
            }
            Kind::Constraint(number) => {
                format!(" crate::mutant::Unless({number}, {})", inside(range))
            }
            Kind::Condition { yes, no } => {
                let inner = inside(range);
                format!(
                    "(match crate::mutant::active() {{ {yes} => true, {no} => false, _ => {inner} }})"
                )
            }
            Kind::Not { inner, number } => {
                let inner = inside(inner);
                format!(
                    "({{ let __x = {inner}; if crate::mutant::is({number}) {{ __x }} else {{ !__x }} }})"
                )
            }
            Kind::Operator {
                sides: [left, right],
                operator,
                others,
            } => {
                let (left, right) = (inside(left), inside(right));
                match *operator {
                    "==" | "!=" | "<" | ">" | "<=" | ">=" => {
                        let choice = choice("__l", operator, "__r", others);
                        format!("({{ let (__l, __r) = (&({left}), &({right})); {choice} }})")
                    }
                    assigns if assigns.len() > 1 && assigns.ends_with('=') => {
                        choice(&left, operator, &right, others)
                    }
                    _ => {
                        let choice = choice("__l", operator, &format!("({right})"), others);
                        format!("({{ let __l = {left}; {choice} }})")
                    }
                }
            }
        }
    }
}

fn choice(left: &str, operator: &str, right: &str, others: &[(u32, &str)]) -> String {
    let mut out = "match crate::mutant::active() {".to_owned();
    for (number, other) in others {
        let _ = write!(out, " {number} => {{ {left} {other} {right} }}");
    }
    let _ = write!(out, " _ => {{ {left} {operator} {right} }} }}");
    out
}
