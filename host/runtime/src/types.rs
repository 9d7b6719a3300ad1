//! Types of component functions as WIT text, for errors.

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

/// Whether a value of this type contains a resource, a stream or a future; those belong to one guest.
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
