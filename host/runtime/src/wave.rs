//! Parsing of WAVE values, with errors that show the place and the expected type.

use wasmtime::component::types::Type;
use wasmtime::component::wasm_wave::ast::Node;
use wasmtime::component::wasm_wave::parser::ParserError;
use wasmtime::component::wasm_wave::untyped::{UntypedFuncCall, UntypedValue};
use wasmtime::component::{Val, wasm_wave};

use super::types::type_text;
use mighost_core::nearest;

/// An error in a text that should be a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ValueError {
    pub what: String,
    /// The parsed text.
    pub text: String,
    /// The offset of the error, in bytes.
    pub offset: usize,
}

impl ValueError {
    fn new(text: &str, offset: usize, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            text: text.to_owned(),
            offset: offset.min(text.len()),
        }
    }
}

/// The arguments of a call of the form `NAME(VALUE, ...)`. Options at the end may be omitted, and so may the parentheses if there are no
/// parameters.
pub(super) fn arguments(text: &str, params: &[(&str, Type)]) -> Result<Vec<Val>, ValueError> {
    let (name, rest) = match text.find('(') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    // The parser does not support `#` in names; a name of the same length preserves the offsets of the rest.
    let plain = format!(
        "{}{}",
        "f".repeat(name.len().max(1)),
        if rest.is_empty() { "()" } else { rest }
    );
    let call = UntypedFuncCall::parse(&plain).map_err(|error| syntax(text, &error))?;
    let types: Vec<Type> = params.iter().map(|(_, ty)| ty.clone()).collect();
    let error = match call.to_wasm_params::<Val>(&types) {
        Ok(values) => return Ok(values),
        Err(error) => error,
    };
    let nodes: Vec<&Node> = match call.params_node() {
        Some(node) => node.as_tuple().map(Iterator::collect).unwrap_or_default(),
        None => Vec::new(),
    };
    for (node, (name, ty)) in nodes.iter().zip(params) {
        if let Some((offset, what)) = misfit(node, ty, &plain) {
            return Err(ValueError::new(
                text,
                offset,
                format!("{what}, in the parameter {name}"),
            ));
        }
    }
    let names: Vec<String> = params
        .iter()
        .map(|(name, ty)| format!("{name}: {}", type_text(ty)))
        .collect();
    if nodes.len() != params.len() {
        let what = format!(
            "the function takes {} ({}), but the call has {}",
            count(params.len(), "value"),
            names.join(", "),
            nodes.len()
        );
        let offset = nodes.get(params.len()).map_or(text.len(), |node| node.span().start);
        return Err(ValueError::new(text, offset, what));
    }
    Err(ValueError::new(text, error.span().start, error.kind().to_string()))
}

/// Parses `text` as a value of a type.
pub(super) fn typed(text: &str, ty: &Type) -> Result<Val, ValueError> {
    let value = UntypedValue::parse(text).map_err(|error| syntax(text, &error))?;
    value.to_wasm_value(ty).map_err(|error| {
        let (offset, what) =
            misfit(value.node(), ty, text).unwrap_or_else(|| (error.span().start, error.kind().to_string()));
        ValueError::new(text, offset, what)
    })
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn syntax(text: &str, error: &ParserError) -> ValueError {
    let what = match error.detail() {
        Some(detail) => format!("invalid WAVE: {}: {detail}", error.kind()),
        None => format!("invalid WAVE: {}", error.kind()),
    };
    ValueError::new(text, error.span().start, what)
}

/// The innermost place at which a value does not fit its type, and the reason.
fn misfit(node: &Node, ty: &Type, source: &str) -> Option<(usize, String)> {
    let at = node.span().start;
    if node.to_wasm_value::<Val>(ty, source).is_ok() {
        return None;
    }
    let expected = || {
        let found = cut(source.get(node.span()).unwrap_or_default(), 40);
        Some((at, format!("expected {}, found {found}", short(ty))))
    };
    if let Some(word) = keyword_case(node, ty, source) {
        return Some((
            at,
            format!("write the case {word} as %{word}: {word} is a keyword of WAVE"),
        ));
    }
    match ty {
        Type::List(list) => match node.as_list() {
            Ok(mut nodes) => nodes.find_map(|node| misfit(node, &list.ty(), source)),
            Err(_) => expected(),
        },
        Type::Tuple(tuple) => match node.as_tuple() {
            Ok(nodes) if nodes.len() == tuple.types().len() => nodes
                .zip(tuple.types())
                .find_map(|(node, ty)| misfit(node, &ty, source)),
            _ => expected(),
        },
        Type::Option(option) => match node.as_option() {
            Ok(Some(inner)) => misfit(inner, &option.ty(), source),
            Ok(None) => expected(),
            Err(_) => misfit(node, &option.ty(), source),
        },
        Type::Result(result) => match node.as_result() {
            Ok(Ok(Some(node))) => result.ok().and_then(|ty| misfit(node, &ty, source)),
            Ok(Err(Some(node))) => result.err().and_then(|ty| misfit(node, &ty, source)),
            _ => None,
        },
        Type::Record(record) => match node.as_record(source) {
            Ok(given) => {
                let given: Vec<(&str, &Node)> = given.collect();
                let fields: Vec<_> = record.fields().collect();
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                for (name, value) in &given {
                    match fields.iter().find(|field| field.name == *name) {
                        Some(field) => {
                            if let Some(found) = misfit(value, &field.ty, source) {
                                return Some(found);
                            }
                        }
                        None => {
                            let hint = one_of(name, &names);
                            return Some((value.span().start, format!("the record has no field {name}{hint}")));
                        }
                    }
                }
                let missing: Vec<String> = fields
                    .iter()
                    .filter(|field| !matches!(field.ty, Type::Option(_)))
                    .filter(|field| given.iter().all(|(name, _)| *name != field.name))
                    .map(|field| format!("{}: {}", field.name, type_text(&field.ty)))
                    .collect();
                (!missing.is_empty()).then(|| (at, format!("the record lacks {}", missing.join(", "))))
            }
            Err(_) => expected(),
        },
        Type::Variant(variant) => match node.as_variant(source) {
            Ok((label, payload)) => {
                let cases: Vec<_> = variant.cases().collect();
                let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
                match (cases.iter().find(|case| case.name == label), payload) {
                    (None, _) => Some((at, format!("there is no case {label}{}", one_of(label, &names)))),
                    (Some(case), Some(node)) => match &case.ty {
                        Some(ty) => misfit(node, ty, source),
                        None => Some((at, format!("the case {label} takes no value"))),
                    },
                    (Some(case), None) => case
                        .ty
                        .as_ref()
                        .map(|ty| (at, format!("the case {label} takes {}", short(ty)))),
                }
            }
            Err(_) => expected(),
        },
        Type::Enum(names) => match node.as_enum(source) {
            Ok(label) => {
                let names: Vec<&str> = names.names().collect();
                Some((at, format!("there is no case {label}{}", one_of(label, &names))))
            }
            Err(_) => expected(),
        },
        Type::Flags(names) => match node.as_flags(source) {
            Ok(mut given) => {
                let names: Vec<&str> = names.names().collect();
                let unknown = given.find(|flag| !names.contains(flag))?;
                Some((at, format!("there is no flag {unknown}{}", one_of(unknown, &names))))
            }
            Err(_) => expected(),
        },
        _ => expected(),
    }
    .or_else(expected)
}

/// The case of a variant or an enum whose name is a WAVE keyword for other values.
fn keyword_case<'s>(node: &Node, ty: &Type, source: &'s str) -> Option<&'s str> {
    let text = source.get(node.span())?;
    let word = text.split('(').next()?;
    let names: Vec<&str> = match ty {
        Type::Variant(variant) => variant.cases().map(|case| case.name).collect(),
        Type::Enum(names) => names.names().collect(),
        _ => return None,
    };
    let own = ["true", "false", "some", "none", "ok", "err", "inf", "nan"].contains(&word);
    (own && names.contains(&word)).then_some(word)
}

/// A hint at the intended name, to be appended to a sentence.
fn one_of(word: &str, names: &[&str]) -> String {
    match nearest(word, names.iter().copied()) {
        Some(near) => format!(" (did you mean {near}?)"),
        None => format!("; available: {}", names.join(", ")),
    }
}

/// A type, truncated if it is long.
fn short(ty: &Type) -> String {
    cut(&type_text(ty), 160)
}

pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Whether a text is a WAVE value of any type.
///
/// # Errors
/// If it is not; the error has the place and the reason.
pub fn check_value(text: &str) -> Result<(), ValueError> {
    UntypedValue::parse(text)
        .map(drop)
        .map_err(|error| syntax(text, &error))
}

/// A string in WAVE.
pub fn string_value(text: &str) -> String {
    wasm_wave::to_string(&Val::String(text.to_owned())).unwrap_or_default()
}
