//! Compares a guest's imports and exports of `mighost:host` with those of this mighost and reports differences in WIT.
//!
//! Used only after linking has failed, because wasmtime's own message names its internals.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wit_parser::{Function, Interface, Resolve, Type, TypeDefKind};

use super::error::RuntimeError;
use super::types::function_text;
use mighost_artifact::{WIT, WIT_VERSION, interface_version, wit_text};

const PACKAGE: &str = "mighost:host/";

/// The first import from `mighost:host` that this mighost does not provide in that form.
pub(super) fn imports(engine: &Engine, component: &Component, guest: &str) -> Option<RuntimeError> {
    let resolve = contract()?;
    component.component_type().imports(engine).find_map(|(name, item)| {
        let own = interface_of(&resolve, name)?;
        let ComponentItem::ComponentInstance(import) = item.ty else {
            return None;
        };
        import.exports(engine).find_map(|(function, item)| {
            let ComponentItem::ComponentFunc(wanted) = item.ty else {
                return None;
            };
            let (name, wanted) = (name.to_owned(), function_text(&wanted));
            let Some(offered) = own.functions.get(function) else {
                return Some(RuntimeError::ForbiddenImport {
                    guest: guest.to_owned(),
                    import: format!("{name}#{function}"),
                });
            };
            let offered = text(&resolve, offered);
            (offered != wanted).then(|| RuntimeError::HostMistyped {
                guest: guest.to_owned(),
                function: format!("{name}#{function}"),
                wanted,
                offered,
            })
        })
    })
}

/// The function of `exported`, e.g. `revision`, that a guest does not export in the form that mighost calls.
pub(super) fn exports(engine: &Engine, component: &Component, guest: &str, exported: &str) -> Option<RuntimeError> {
    let resolve = contract()?;
    let full = format!("{PACKAGE}{exported}@{WIT_VERSION}");
    let own = interface_of(&resolve, &full)?;
    let missing = |export: String| RuntimeError::MissingExport {
        guest: guest.to_owned(),
        export,
    };
    let Some(instance) = instance(engine, component, &full) else {
        return Some(missing(full));
    };
    own.functions.values().find_map(|function| {
        let name = format!("{full}#{}", function.name);
        let expected = text(&resolve, function);
        let found = match instance.get_export(engine, &function.name).map(|item| item.ty) {
            Some(ComponentItem::ComponentFunc(found)) => function_text(&found),
            _ => return Some(missing(format!("{name}, which is {expected}"))),
        };
        (found != expected).then(|| RuntimeError::MistypedExport {
            guest: guest.to_owned(),
            function: name,
            expected,
            found,
        })
    })
}

fn instance(engine: &Engine, component: &Component, name: &str) -> Option<ComponentInstance> {
    let ty = component.component_type();
    let found = ty
        .exports(engine)
        .find(|(export, _)| *export == name)
        .map(|(_, item)| item.ty);
    match found {
        Some(ComponentItem::ComponentInstance(instance)) => Some(instance),
        _ => None,
    }
}

/// `wit/`, parsed.
fn contract() -> Option<Resolve> {
    let mut resolve = Resolve::default();
    let mut files = wit_parser::SourceMap::new();
    for (name, text) in WIT {
        files.push(name.as_ref(), text);
    }
    // Tests check this; without it, an error has wasmtime's message.
    resolve.push_group(files.parse().ok()?).ok()?;
    Some(resolve)
}

fn interface_of<'a>(resolve: &'a Resolve, name: &str) -> Option<&'a Interface> {
    let name = interface_version::stem(name).strip_prefix(PACKAGE)?;
    let mut interfaces = resolve.interfaces.iter().map(|(_, interface)| interface);
    interfaces.find(|interface| interface.name.as_deref() == Some(name))
}

/// Like [`function_text`] for a function of a component.
fn text(resolve: &Resolve, function: &Function) -> String {
    let params: Vec<_> = function
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty)))
        .collect();
    let result = function.result.as_ref();
    let result = result.map(|ty| format!(" -> {}", type_text(resolve, ty)));
    format!("func({}){}", params.join(", "), result.unwrap_or_default())
}

fn type_text(resolve: &Resolve, ty: &Type) -> String {
    let text = |ty: &Type| type_text(resolve, ty);
    let named = |kind: &str, parts: Vec<String>| format!("{kind} {{ {} }}", parts.join(", "));
    let Type::Id(id) = ty else {
        return wit_text::primitive(ty).to_owned();
    };
    match resolve.types.get(*id).map(|definition| &definition.kind) {
        Some(TypeDefKind::Type(alias)) => text(alias),
        Some(TypeDefKind::List(item)) => format!("list<{}>", text(item)),
        Some(TypeDefKind::Option(item)) => format!("option<{}>", text(item)),
        Some(TypeDefKind::Record(record)) => {
            let fields = record.fields.iter();
            named(
                "record",
                fields
                    .map(|field| format!("{}: {}", field.name, text(&field.ty)))
                    .collect(),
            )
        }
        Some(TypeDefKind::Tuple(tuple)) => {
            let types: Vec<_> = tuple.types.iter().map(text).collect();
            format!("tuple<{}>", types.join(", "))
        }
        Some(TypeDefKind::Variant(variant)) => {
            let case = |case: &wit_parser::Case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, text(ty)),
                None => case.name.clone(),
            };
            named("variant", variant.cases.iter().map(case).collect())
        }
        Some(TypeDefKind::Enum(names)) => named("enum", names.cases.iter().map(|case| case.name.clone()).collect()),
        Some(TypeDefKind::Flags(names)) => named("flags", names.flags.iter().map(|flag| flag.name.clone()).collect()),
        Some(TypeDefKind::Result(result)) => match (&result.ok, &result.err) {
            (None, None) => "result".into(),
            (Some(ok), None) => format!("result<{}>", text(ok)),
            (None, Some(err)) => format!("result<_, {}>", text(err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", text(ok), text(err)),
        },
        _ => "a resource".into(),
    }
}

#[cfg(test)]
mod tests {
    use wit_parser::abi::{AbiVariant, WasmType};
    use wit_parser::{WorldId, WorldItem};

    use super::*;

    /// A core module that imports and exports all of `world`, and does nothing.
    fn module(resolve: &Resolve, world: WorldId) -> String {
        let types = |types: &[WasmType]| {
            let names = types.iter().map(|ty| match ty {
                WasmType::I64 | WasmType::PointerOrI64 => "i64",
                WasmType::F32 => "f32",
                WasmType::F64 => "f64",
                _ => "i32",
            });
            names.collect::<Vec<_>>().join(" ")
        };
        let wit_text = |function: &Function, variant| {
            let wit_text = resolve.wasm_signature(variant, function);
            let (params, results) = (types(&wit_text.params), types(&wit_text.results));
            format!("(param {params}) (result {results})")
        };
        let mut text = String::from("(module");
        for (key, item) in &resolve.worlds[world].imports {
            if let WorldItem::Interface { id, .. } = item {
                let interface = resolve.name_world_key(key);
                for function in resolve.interfaces[*id].functions.values() {
                    let wit_text = wit_text(function, AbiVariant::GuestImport);
                    text.push_str(&format!(
                        "(import {interface:?} {:?} (func {wit_text}))\n",
                        function.name
                    ));
                }
            }
        }
        text.push_str("(memory (export \"memory\") 1) (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)\n");
        for (key, item) in &resolve.worlds[world].exports {
            if let WorldItem::Interface { id, .. } = item {
                let interface = resolve.name_world_key(key);
                for function in resolve.interfaces[*id].functions.values() {
                    let wit_text = wit_text(function, AbiVariant::GuestExport);
                    let name = format!("{interface}#{}", function.name);
                    text.push_str(&format!("(func (export {name:?}) {wit_text} unreachable)\n"));
                }
            }
        }
        text + ")"
    }

    /// Both sides must describe each type in the same words. Otherwise correct guests would be reported when another import is the cause.
    #[test]
    fn what_the_host_offers_is_told_as_components_tell_it() {
        let resolve = contract().unwrap();
        let package = resolve.packages.iter().next().unwrap().0;
        let engine = Engine::default();
        for (world, exported) in [
            ("migration", "revision"),
            ("kinds", "kind-provider"),
            ("hooks", "version-hook"),
        ] {
            let id = resolve.select_world(&[package], Some(world)).unwrap();
            let mut module = wat::parse_str(module(&resolve, id)).unwrap();
            let encoding = wit_component::StringEncoding::UTF8;
            wit_component::embed_component_metadata(&mut module, &resolve, id, encoding, false).unwrap();
            let mut encoder = wit_component::ComponentEncoder::default();
            let bytes = encoder.module(&module).unwrap().encode().unwrap();
            let component = Component::from_binary(&engine, &bytes).unwrap();
            let wrong = imports(&engine, &component, "a").or_else(|| exports(&engine, &component, "a", exported));
            assert!(wrong.is_none(), "{wrong:?}");
        }
    }
}
