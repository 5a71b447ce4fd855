//! Finds the possible mutants of a file. cargo-mutants does not mutate macros, and half of the
//! program's guards are arguments of `require!` or of `#[account(...)]`.

use crate::emit::{Kind, Node};
use crate::mutant::Mutant;
use proc_macro2::Span;
use quote::ToTokens;
use std::ops::Range;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Expr, Pat, Stmt, Token, UnOp};

/// The replacement of an operator.
const OPERATORS: &[(&str, &[&str])] = &[
    ("==", &["!="]),
    ("!=", &["=="]),
    ("<", &["==", ">", "<="]),
    (">", &["==", "<", ">="]),
    ("<=", &[">", "<"]),
    (">=", &["<", ">"]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    ("+", &["-", "*"]),
    ("-", &["+", "/"]),
    ("*", &["+", "/"]),
    ("/", &["%", "*"]),
    ("%", &["/", "+"]),
    ("&", &["|", "^"]),
    ("|", &["&", "^"]),
    ("^", &["|", "&"]),
    ("<<", &[">>"]),
    (">>", &["<<"]),
    ("+=", &["-=", "*="]),
    ("-=", &["+=", "/="]),
    ("*=", &["+=", "/="]),
    ("/=", &["%=", "*="]),
    ("|=", &["&=", "^="]),
];

/// Maximum length of the source text in a mutant's name, in characters.
const SHOWN: usize = 90;

/// All possible mutants of a file, in source order.
pub fn find(file: &str, source: &str, mutants: &mut Vec<Mutant>) -> syn::Result<Vec<Node>> {
    let mut finder = Finder {
        file,
        source,
        mutants,
        nodes: Vec::new(),
        within: Vec::new(),
    };
    finder.visit_file(&syn::parse_file(source)?);
    let mut nodes = finder.nodes;
    nodes.sort_by_key(|node| (node.range.start, std::cmp::Reverse(node.range.end)));
    Ok(nodes)
}

struct Finder<'a> {
    file: &'a str,
    source: &'a str,
    mutants: &'a mut Vec<Mutant>,
    nodes: Vec<Node>,
    within: Vec<String>,
}

fn range_of(tokens: &impl Spanned) -> Range<usize> {
    tokens.span().byte_range()
}

/// Whether the item is a test, or exists only off chain.
fn is_elsewhere(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        let signs = ["cfg (test)", "cfg (not (target_os = \"solana\"))"];
        text == "# [test]" || signs.iter().any(|sign| text.contains(sign))
    })
}

/// Values of a type, as Rust.
fn values(ty: &str) -> Vec<String> {
    let own = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    match ty {
        "()" => return own(&["()"]),
        "bool" => return own(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i64" => return own(&["0", "1"]),
        _ => {}
    }
    let inside = |outer: &str| ty.strip_prefix(outer)?.strip_suffix('>');
    let wrapped = |inner: &str, by: &str| -> Vec<String> {
        let values = values(inner);
        values
            .iter()
            .map(|value| format!("{by}({value})"))
            .collect()
    };
    if let Some(inner) = inside("Result<") {
        return wrapped(inner, "Ok");
    }
    if let Some(inner) = inside("Option<") {
        let mut all = vec!["None".to_owned()];
        all.extend(wrapped(inner, "Some"));
        return all;
    }
    Vec::new()
}

impl Finder<'_> {
    /// The number of a new mutant.
    fn number(&mut self, at: usize, what: &str) -> u32 {
        let before = self.source.get(..at).unwrap_or_default();
        let number = self.mutants.last().map_or(1, |last| last.number + 1);
        self.mutants.push(Mutant {
            number,
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            what: format!("{what} in {}", self.within.join("::")),
        });
        number
    }

    /// A piece of the source on one line, cut if it is long.
    fn shown(&self, range: Range<usize>) -> String {
        let text = self.source.get(range).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line,
        }
    }

    fn add(&mut self, range: Range<usize>, kind: Kind) {
        self.nodes.push(Node { range, kind });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        self.within.push(signature.ident.to_string());
        let ty = match &signature.output {
            syn::ReturnType::Default => "()".to_owned(),
            syn::ReturnType::Type(_, ty) => ty.to_token_stream().to_string().replace(' ', ""),
        };
        let open = block.brace_token.span.open().byte_range().end;
        let returns: Vec<(u32, String)> = values(&ty)
            .into_iter()
            .map(|value| {
                (
                    self.number(open, &format!("replace body with {value}")),
                    value,
                )
            })
            .collect();
        if !returns.is_empty() {
            self.add(open..open, Kind::Return(returns));
        }
        visit::visit_block(self, block);
        self.within.pop();
    }

    /// Two mutants of a condition: always true and always false.
    fn condition(&mut self, range: Range<usize>, what: &str) {
        let shown = self.shown(range.clone());
        let yes = self.number(range.start, &format!("replace {what} {shown} with true"));
        let no = self.number(range.start, &format!("replace {what} {shown} with false"));
        self.add(range, Kind::Condition { yes, no });
    }

    fn deletable(&mut self, range: Range<usize>) {
        let shown = self.shown(range.clone());
        let number = self.number(range.start, &format!("delete {shown}"));
        self.add(range, Kind::Statement(number));
    }

    /// `has_one` and `address` of an account: their error gets a number that disables it.
    fn constraints(&mut self, attribute: &Attribute) {
        let Ok(list) = attribute.meta.require_list() else {
            return;
        };
        let mut named = None;
        let mut from: Option<Range<usize>> = None;
        let mut found = Vec::new();
        for token in list.tokens.clone() {
            let text = token.to_string();
            let range = token.span().byte_range();
            match text.as_str() {
                "has_one" | "address" => named = Some(range.start),
                "@" if named.is_some() => from = Some(range.end..range.end),
                "," => {
                    found.extend(named.take().zip(from.take()));
                }
                _ => {
                    if let Some(error) = &mut from {
                        error.end = range.end;
                    }
                }
            }
        }
        found.extend(named.zip(from));
        for (start, error) in found {
            let shown = self.shown(start..error.end);
            let number = self.number(start, &format!("delete {shown}"));
            self.add(error, Kind::Constraint(number));
        }
    }

    fn guard_macro(&mut self, mac: &syn::Macro) {
        let name = mac.path.to_token_stream().to_string();
        if !name.starts_with("require") {
            return;
        }
        let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
        if let Ok(arguments) = mac.parse_body_with(parser) {
            for argument in &arguments {
                self.visit_expr(argument);
            }
        }
    }
}

/// Whether a statement only refuses: it has no value, and ends with `?`. Calls of `invariant` are excluded: they
/// recompute the amounts, and fail only if the program has another bug.
fn is_refusing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(Expr::Try(tried), Some(_)) => {
            !matches!(&*tried.expr, Expr::MethodCall(call) if call.method == "invariant")
        }
        Stmt::Macro(statement) => {
            let name = statement.mac.path.to_token_stream().to_string();
            name.starts_with("require") && statement.semi_token.is_some()
        }
        _ => false,
    }
}

fn is_bool(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Lit(literal) if matches!(literal.lit, syn::Lit::Bool(_)))
}

/// Whether a condition binds names, so that a value cannot replace it.
fn binds(condition: &Expr) -> bool {
    struct Lets(bool);
    impl<'ast> Visit<'ast> for Lets {
        fn visit_expr_let(&mut self, _: &'ast syn::ExprLet) {
            self.0 = true;
        }
    }
    let mut lets = Lets(false);
    lets.visit_expr(condition);
    lets.0
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_elsewhere(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.within.push(item.ident.to_string());
        for field in &item.fields {
            let mut attributes = field.attrs.iter();
            if let Some(attribute) = attributes.find(|a| a.path().is_ident("account")) {
                let name = field.ident.as_ref().map(ToString::to_string);
                self.within.push(name.unwrap_or_default());
                self.constraints(attribute);
                self.within.pop();
            }
        }
        self.within.pop();
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_elsewhere(&item.attrs) && item.sig.constness.is_none() {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = item.self_ty.to_token_stream().to_string().replace(' ', "");
        self.within.push(name);
        for inner in &item.items {
            self.visit_impl_item(inner);
        }
        self.within.pop();
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_elsewhere(&item.attrs) && item.sig.constness.is_none() {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if is_refusing(statement) {
            self.deletable(range_of(statement));
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.guard_macro(mac);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(range_of(guard.as_ref()), "match guard");
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        if !binds(&branch.cond) {
            self.condition(range_of(branch.cond.as_ref()), "condition");
        }
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        let arms: Vec<bool> = choice.arms.iter().map(|arm| is_bool(&arm.pat)).collect();
        if arms == [true, true] {
            self.condition(range_of(choice.expr.as_ref()), "condition");
        }
        visit::visit_expr_match(self, choice);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "contains" {
            self.condition(range_of(call), "condition");
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        let inner = range_of(unary.expr.as_ref());
        if matches!(unary.op, UnOp::Not(_)) {
            let range = range_of(unary);
            let shown = self.shown(range.clone());
            let number = self.number(range.start, &format!("delete ! of {shown}"));
            self.add(range, Kind::Not { inner, number });
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let operator = binary.op.to_token_stream().to_string();
        let known = OPERATORS.iter().find(|(known, _)| *known == operator);
        if let Some((operator, others)) = known
            && !binds(&Expr::Binary(binary.clone()))
        {
            let range = range_of(binary);
            let shown = self.shown(range.clone());
            let at = start_of(&binary.op);
            let others = others
                .iter()
                .map(|other| {
                    let what = format!("replace {operator} with {other} of {shown}");
                    (self.number(at, &what), *other)
                })
                .collect();
            let sides = [
                range_of(binary.left.as_ref()),
                range_of(binary.right.as_ref()),
            ];
            self.add(
                range,
                Kind::Operator {
                    sides,
                    operator,
                    others,
                },
            );
        }
        visit::visit_expr_binary(self, binary);
    }
}

fn start_of(operator: &BinOp) -> usize {
    let span: Span = operator.span();
    span.byte_range().start
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::emit::emit;

    const SOURCE: &str = "
        struct Accounts<'info> {
            #[account(mut, has_one = owner @ Wrong::Account, dup)]
            client: Loader<'info>,
        }
        fn validate(a: u64, b: u64) -> Result<()> {
            require!(a < b, Wrong::Order);
            vault.require(a)?;
            vault.invariant()?;
            match !owned {
                true => Ok(()),
                false => Err(Wrong::Owner),
            }
        }
        #[cfg(test)]
        mod tests { fn none() -> bool { 1 == 1 } }
        #[cfg(not(target_os = \"solana\"))]
        fn none() -> bool { 1 == 1 }
    ";

    #[test]
    fn every_guard_is_found_once_and_what_is_written_is_rust() {
        let mut mutants = Vec::new();
        let nodes = find("f.rs", SOURCE, &mut mutants).unwrap();
        let found: Vec<String> = mutants.iter().map(ToString::to_string).collect();
        let expected = [
            "f.rs:3:1: delete has_one = owner @ Wrong::Account in Accounts::client",
            "f.rs:6:1: replace body with Ok(()) in validate",
            "f.rs:7:1: delete require!(a < b, Wrong::Order); in validate",
            "f.rs:7:1: replace < with == of a < b in validate",
            "f.rs:7:1: replace < with > of a < b in validate",
            "f.rs:7:1: replace < with <= of a < b in validate",
            "f.rs:8:1: delete vault.require(a)?; in validate",
            "f.rs:10:1: replace condition !owned with true in validate",
            "f.rs:10:1: replace condition !owned with false in validate",
            "f.rs:10:1: delete ! of !owned in validate",
        ];
        assert_eq!(found, expected);
        let written = emit(SOURCE, &nodes);
        syn::parse_file(&written).unwrap();
        for mutant in &mutants {
            assert!(written.contains(&mutant.number.to_string()), "{mutant}");
        }
    }
}
