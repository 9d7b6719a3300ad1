//! Functions and types as WIT text, with named types by their names.

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind};

/// E.g. `func(table: string, columns: list<column>) -> bool`.
pub fn function(resolve: &Resolve, function: &Function) -> String {
    let params = function.params.iter();
    let params: Vec<_> = params
        .map(|param| format!("{}: {}", param.name, ty(resolve, &param.ty)))
        .collect();
    let result = function.result.as_ref();
    let result = result.map(|result| format!(" -> {}", ty(resolve, result)));
    format!("func({}){}", params.join(", "), result.unwrap_or_default())
}

/// E.g. `option<column>`.
pub fn ty(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return primitive(ty).to_owned();
    };
    let Some(definition) = resolve.types.get(*id) else {
        return String::new();
    };
    definition
        .name
        .clone()
        .unwrap_or_else(|| kind(resolve, &definition.kind))
}

/// A type without a name of its own.
pub fn kind(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let text = |inner: &Type| ty(resolve, inner);
    match kind {
        TypeDefKind::Type(other) => text(other),
        TypeDefKind::List(item) => format!("list<{}>", text(item)),
        TypeDefKind::Option(item) => format!("option<{}>", text(item)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(text).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", text(ok)),
            (None, Some(err)) => format!("result<_, {}>", text(err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", text(ok), text(err)),
        },
        TypeDefKind::Handle(Handle::Own(id)) => text(&Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", text(&Type::Id(*id))),
        other => other.as_str().to_owned(),
    }
}

/// A built-in type of WIT.
pub fn primitive(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "a resource",
    }
}
