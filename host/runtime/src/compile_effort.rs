//! Refuses code that would take minutes and gigabytes to compile, before it is compiled.

use std::collections::VecDeque;

use wasmparser::{CompositeInnerType, FunctionBody, Operator, Parser, Payload, TypeSectionReader};

/// The places in one function where its control flow branches. CPython's largest function has 4,000.
const MAX_BRANCHES: u64 = 25_000;
/// The product of the parameters and locals of a function and its branches: what the compiler keeps for one function. CPython's largest has 176,000; ten
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
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(code) {
        // What cannot be parsed is refused by the compiler, which explains it better.
        let Ok(payload) = payload else { return Ok(()) };
        match payload {
            Payload::Version { .. } => module = Module::default(),
            Payload::TypeSection(types) => {
                let Some(()) = module.read_types(types) else {
                    return Ok(());
                };
            }
            Payload::FunctionSection(functions) => module.functions.extend(functions.into_iter().flatten()),
            Payload::CodeSectionEntry(body) => {
                let Some(function) = Function::of(&body, module.next_parameters()) else {
                    return Ok(());
                };
                total = total.saturating_add(function.effort());
                if function.branches > MAX_BRANCHES || function.effort() > MAX_EFFORT {
                    return Err(format!(
                        "its function {number} has {} parameters and local variables and {} branches, and would take too \
                         long to compile; build it with optimizations, or split it into smaller functions",
                        function.locals, function.branches
                    ));
                }
                number += 1;
            }
            _ => {}
        }
    }
    if total > MAX_TOTAL {
        return Err(
            "its functions have so many local variables and branches that it would take too long to compile".into(),
        );
    }
    Ok(())
}

/// What is known of a core module while its functions are read.
#[derive(Default)]
struct Module {
    /// The number of parameters of each type; 0 for types that are not of functions.
    parameters: Vec<u64>,
    /// The type of each function.
    functions: VecDeque<u32>,
}

impl Module {
    /// `None` if the section is malformed.
    fn read_types(&mut self, types: TypeSectionReader<'_>) -> Option<()> {
        for group in types {
            for sub_type in group.ok()?.into_types() {
                self.parameters.push(match &sub_type.composite_type.inner {
                    CompositeInnerType::Func(function) => function.params().len() as u64,
                    _ => 0,
                });
            }
        }
        Some(())
    }

    /// The number of parameters of the function whose body is next.
    fn next_parameters(&mut self) -> u64 {
        let index = self.functions.pop_front().and_then(|index| usize::try_from(index).ok());
        index
            .and_then(|index| self.parameters.get(index))
            .copied()
            .unwrap_or_default()
    }
}

/// What makes a function costly.
struct Function {
    /// Parameters included.
    locals: u64,
    branches: u64,
}

impl Function {
    fn effort(&self) -> u64 {
        self.locals.saturating_mul(self.branches)
    }

    /// `None` if the body is malformed.
    fn of(body: &FunctionBody<'_>, parameters: u64) -> Option<Self> {
        let mut locals = parameters;
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
    fn component(kind: &str, locals: usize, branches: usize) -> Vec<u8> {
        let mut text = String::from("(component (core module (func) (func (export \"f\") (param i32)");
        text.push_str(&format!(" ({kind}{})", " i32".repeat(locals)));
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
        check(&component("local", 100, 4_000)).unwrap();
        insta::assert_snapshot!(check(&component("local", 3_000, 20_000)).unwrap_err(), @"its function 1 has 3001 parameters and local variables and 20001 branches, and would take too long to compile; build it with optimizations, or split it into smaller functions");
        assert!(check(&component("local", 1, 30_000)).is_err());
        assert!(check(&component("local", 498, 20_000)).is_ok());
        assert!(check(&component("local", 499, 20_000)).is_err());
        // The compiler keeps parameters as it keeps other locals.
        assert!(check(&component("param", 498, 20_000)).is_ok());
        assert!(check(&component("param", 900, 20_000)).is_err());
        // What is not WebAssembly is left to the compiler.
        check(b"\0asm").unwrap();
    }
}
