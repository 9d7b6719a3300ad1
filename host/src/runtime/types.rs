//! Types of component functions as text, in WIT's own words, for errors.

use wasmtime::component::types::{ComponentFunc, Type};

/// E.g. `func(name: string) -> result<u64, string>`.
pub(super) fn function_text(function: &ComponentFunc) -> String {
    let params: Vec<_> = function
        .params()
        .map(|(name, ty)| format!("{name}: {}", type_text(&ty)))
        .collect();
    let result = function
        .results()
        .next()
        .map(|ty| format!(" -> {}", type_text(&ty)))
        .unwrap_or_default();
    format!("func({}){result}", params.join(", "))
}

/// Whether a call of `wanted` can be answered by `found`: parameters have the same names, what is sent is something that `found` takes,
/// and what it answers is something that the caller knows.
///
/// So a plugin may add cases to the variants, enums and flags that its functions take, and migrations that were built before still run.
pub(super) fn serves(wanted: &ComponentFunc, found: &ComponentFunc) -> bool {
    let (sent, taken): (Vec<_>, Vec<_>) = (wanted.params().collect(), found.params().collect());
    let (known, answered): (Vec<_>, Vec<_>) = (wanted.results().collect(), found.results().collect());
    sent.len() == taken.len()
        && known.len() == answered.len()
        && sent
            .iter()
            .zip(&taken)
            .all(|((name, value), (other, place))| name == other && fits(value, place))
        && answered.iter().zip(&known).all(|(value, place)| fits(value, place))
}

/// Whether each value of one type has a counterpart of the same names in another.
fn fits(value: &Type, place: &Type) -> bool {
    let optional = |value: Option<Type>, place: Option<Type>| match (value, place) {
        (Some(value), Some(place)) => fits(&value, &place),
        (value, place) => value.is_none() && place.is_none(),
    };
    let all_in =
        |mut names: Box<dyn Iterator<Item = &str> + '_>, known: Vec<&str>| names.all(|name| known.contains(&name));
    match (value, place) {
        (Type::Variant(value), Type::Variant(place)) => {
            let cases: Vec<_> = place.cases().collect();
            value.cases().all(|case| {
                let found = cases.iter().find(|other| other.name == case.name);
                found.is_some_and(|other| optional(case.ty, other.ty.clone()))
            })
        }
        (Type::Enum(value), Type::Enum(place)) => all_in(Box::new(value.names()), place.names().collect()),
        (Type::Flags(value), Type::Flags(place)) => all_in(Box::new(value.names()), place.names().collect()),
        (Type::Record(value), Type::Record(place)) => {
            let (fields, others): (Vec<_>, Vec<_>) = (value.fields().collect(), place.fields().collect());
            let mut pairs = fields.iter().zip(&others);
            fields.len() == others.len()
                && pairs.all(|(field, other)| field.name == other.name && fits(&field.ty, &other.ty))
        }
        (Type::Tuple(value), Type::Tuple(place)) => {
            let (types, others): (Vec<_>, Vec<_>) = (value.types().collect(), place.types().collect());
            types.len() == others.len() && types.iter().zip(&others).all(|(value, place)| fits(value, place))
        }
        (Type::List(value), Type::List(place)) => fits(&value.ty(), &place.ty()),
        (Type::Option(value), Type::Option(place)) => fits(&value.ty(), &place.ty()),
        (Type::Result(value), Type::Result(place)) => {
            optional(value.ok(), place.ok()) && optional(value.err(), place.err())
        }
        (value, place) => value == place,
    }
}

/// Whether a resource, a stream or a future crosses in a value of this type; those belong to one guest.
pub(super) fn holds_handle(ty: &Type) -> bool {
    match ty {
        Type::List(list) => holds_handle(&list.ty()),
        Type::Record(record) => record.fields().any(|field| holds_handle(&field.ty)),
        Type::Tuple(tuple) => tuple.types().any(|ty| holds_handle(&ty)),
        Type::Variant(variant) => variant.cases().filter_map(|case| case.ty).any(|ty| holds_handle(&ty)),
        Type::Option(option) => holds_handle(&option.ty()),
        Type::Result(result) => result.ok().iter().chain(&result.err()).any(holds_handle),
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Enum(_)
        | Type::Flags(_) => false,
        _ => true,
    }
}

pub(super) fn type_text(ty: &Type) -> String {
    let named = |kind: &str, parts: Vec<String>| format!("{kind} {{ {} }}", parts.join(", "));
    match ty {
        Type::Bool => "bool".into(),
        Type::S8 => "s8".into(),
        Type::U8 => "u8".into(),
        Type::S16 => "s16".into(),
        Type::U16 => "u16".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "s64".into(),
        Type::U64 => "u64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", type_text(&list.ty())),
        Type::Record(record) => named(
            "record",
            record
                .fields()
                .map(|field| format!("{}: {}", field.name, type_text(&field.ty)))
                .collect(),
        ),
        Type::Tuple(tuple) => {
            let types: Vec<_> = tuple.types().map(|ty| type_text(&ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        Type::Variant(variant) => named(
            "variant",
            variant
                .cases()
                .map(|case| match case.ty {
                    Some(ty) => format!("{}({})", case.name, type_text(&ty)),
                    None => case.name.to_owned(),
                })
                .collect(),
        ),
        Type::Enum(names) => named("enum", names.names().map(str::to_owned).collect()),
        Type::Flags(names) => named("flags", names.names().map(str::to_owned).collect()),
        Type::Option(option) => format!("option<{}>", type_text(&option.ty())),
        Type::Result(result) => match (result.ok(), result.err()) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", type_text(&ok)),
            (None, Some(err)) => format!("result<_, {}>", type_text(&err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", type_text(&ok), type_text(&err)),
        },
        _ => "a resource".into(),
    }
}
