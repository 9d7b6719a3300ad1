//! Refuses code that would take minutes and gigabytes to compile, before it is compiled.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// The places in one function where its control flow branches. CPython's largest function has 4,000.
const MAX_BRANCHES: u64 = 25_000;
/// The product of the locals of a function and its branches: what the compiler keeps for one function. CPython's largest has 176,000; ten
/// million take five seconds.
const MAX_EFFORT: u64 = 10_000_000;
/// The sum of these products. CPython has four million, a guest in Go one.
const MAX_TOTAL: u64 = 40_000_000;

/// Checks every function of a component.
///
/// # Errors
/// The reason why the code is refused.
pub(super) fn check(code: &[u8]) -> Result<(), String> {
    let (mut number, mut total) = (0_u64, 0_u64);
    for payload in Parser::new(0).parse_all(code) {
        // What cannot be parsed is refused by the compiler, which explains it better.
        let Ok(payload) = payload else { return Ok(()) };
        if let Payload::CodeSectionEntry(body) = payload {
            let Some(function) = Function::of(&body) else {
                return Ok(());
            };
            total = total.saturating_add(function.effort());
            if function.branches > MAX_BRANCHES || function.effort() > MAX_EFFORT {
                return Err(format!(
                    "its function {number} has {} local variables and {} branches, and would take too long to compile; build \
                     it with optimizations, or split it into smaller functions",
                    function.locals, function.branches
                ));
            }
            number += 1;
        }
    }
    if total > MAX_TOTAL {
        return Err(
            "its functions have so many local variables and branches that it would take too long to compile".into(),
        );
    }
    Ok(())
}

/// What makes a function costly.
struct Function {
    locals: u64,
    branches: u64,
}

impl Function {
    fn effort(&self) -> u64 {
        self.locals.saturating_mul(self.branches)
    }

    /// `None` if the body is malformed.
    fn of(body: &FunctionBody<'_>) -> Option<Self> {
        let mut locals = 0_u64;
        for group in body.get_locals_reader().ok()? {
            locals = locals.saturating_add(u64::from(group.ok()?.0));
        }
        let mut branches = 1_u64;
        for operator in body.get_operators_reader().ok()? {
            branches += match operator.ok()? {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::Br { .. }
                | Operator::BrIf { .. } => 1,
                Operator::BrTable { targets } => u64::from(targets.len()) + 1,
                _ => 0,
            };
        }
        Some(Self { locals, branches })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with one function of so many locals and branches, each of which changes locals.
    fn component(locals: usize, branches: usize) -> Vec<u8> {
        let mut text = String::from("(component (core module (func (export \"f\") (param i32)");
        text.push_str(&format!(" (local{})", " i32".repeat(locals)));
        for branch in 0..branches {
            let (to, from) = (branch % locals + 1, (branch * 7) % locals + 1);
            text.push_str(&format!(
                " (if (local.get 0) (then (local.set {to} (i32.add (local.get {from}) (i32.const 1)))))"
            ));
        }
        text.push_str(")))");
        wat::parse_str(&text).unwrap()
    }

    #[test]
    fn code_that_takes_minutes_to_compile_is_refused() {
        check(&component(100, 4_000)).unwrap();
        insta::assert_snapshot!(check(&component(3_000, 20_000)).unwrap_err(), @"its function 0 has 3000 local variables and 20001 branches, and would take too long to compile; build it with optimizations, or split it into smaller functions");
        assert!(check(&component(1, 30_000)).is_err());
        assert!(check(&component(499, 20_000)).is_ok());
        assert!(check(&component(501, 20_000)).is_err());
        // What is not WebAssembly is left to the compiler.
        check(b"\0asm").unwrap();
    }
}
