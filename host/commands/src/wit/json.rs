//! The same interfaces as data, for `mighost wit --json`: packages, interfaces, functions and types, each with its documentation.

use serde::Serialize;
use wit_parser::{Docs, Resolve, TypeDef, TypeDefKind, TypeOwner, WorldItem, WorldKey};

use super::{CommandError, Packages, as_one_file};
use mighost_artifact::wit_text;
use mighost_build::BuildError;

#[derive(Clone, Debug, Serialize)]
pub struct Package {
    /// With its version, e.g. `mighost:host@0.1.0`.
    pub name: String,
    pub docs: Option<String>,
    pub interfaces: Vec<Interface>,
    pub worlds: Vec<World>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Interface {
    pub name: String,
    pub docs: Option<String>,
    pub functions: Vec<Function>,
    pub types: Vec<Type>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Function {
    /// The name, e.g. `set-role`; for functions of a resource e.g. `[method]cursor.fetch`.
    pub name: String,
    /// The type, e.g. `func(name: string)`.
    pub wit_text: String,
    pub parameters: Vec<Part>,
    /// The type of the result; `None` if there is no result.
    pub result: Option<String>,
    pub docs: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Type {
    pub name: String,
    /// `record`, `variant`, `enum`, `flags`, `resource` or `alias`.
    pub kind: &'static str,
    /// Fields, cases or flags.
    pub parts: Vec<Part>,
    /// The target of an alias.
    pub of: Option<String>,
    pub docs: Option<String>,
}

/// A parameter, field, case or flag.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Option<String>,
    pub docs: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct World {
    pub name: String,
    pub docs: Option<String>,
    /// Names of interfaces.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// The host's package, and those of `plugins`.
///
/// # Errors
/// If the WIT cannot be read, which is a defect of mighost.
pub fn described(plugins: &Packages) -> Result<Vec<Package>, CommandError> {
    let mut resolve = Resolve::default();
    let parsed = resolve.push_str("mighost.wit", &as_one_file(plugins));
    parsed.map_err(|error| BuildError::Source {
        path: "mighost.wit".into(),
        text: format!("{error:#}"),
    })?;
    let mut packages: Vec<Package> = resolve.packages.iter().map(|(_, own)| package(&resolve, own)).collect();
    // The host's own package first, as in the text.
    packages.sort_by_key(|package| (!package.name.starts_with("mighost:host@"), package.name.clone()));
    Ok(packages)
}

fn package(resolve: &Resolve, package: &wit_parser::Package) -> Package {
    let interfaces = package.interfaces.values().filter_map(|id| resolve.interfaces.get(*id));
    let worlds = package.worlds.values().filter_map(|id| resolve.worlds.get(*id));
    Package {
        name: package.name.to_string(),
        docs: text(&package.docs),
        interfaces: interfaces.map(|own| interface(resolve, own)).collect(),
        worlds: worlds.map(|own| world(resolve, own)).collect(),
    }
}

fn interface(resolve: &Resolve, interface: &wit_parser::Interface) -> Interface {
    let types = interface.types.iter().filter_map(|(name, id)| {
        let definition = resolve.types.get(*id)?;
        Some(self::ty(resolve, name, definition))
    });
    Interface {
        name: interface.name.clone().unwrap_or_default(),
        docs: text(&interface.docs),
        functions: interface.functions.values().map(|own| function(resolve, own)).collect(),
        types: types.collect(),
    }
}

fn function(resolve: &Resolve, function: &wit_parser::Function) -> Function {
    let parameters = function.params.iter().map(|param| Part {
        name: param.name.clone(),
        ty: Some(wit_text::ty(resolve, &param.ty)),
        docs: None,
    });
    Function {
        name: function.name.clone(),
        wit_text: wit_text::function(resolve, function),
        parameters: parameters.collect(),
        result: function.result.as_ref().map(|result| wit_text::ty(resolve, result)),
        docs: text(&function.docs),
    }
}

fn ty(resolve: &Resolve, name: &str, definition: &TypeDef) -> Type {
    let part = |name: &str, ty: Option<&wit_parser::Type>, docs: &Docs| Part {
        name: name.to_owned(),
        ty: ty.map(|ty| wit_text::ty(resolve, ty)),
        docs: text(docs),
    };
    let (kind, parts) = match &definition.kind {
        TypeDefKind::Record(of) => {
            let fields = of.fields.iter();
            let fields = fields.map(|field| part(&field.name, Some(&field.ty), &field.docs));
            ("record", fields.collect())
        }
        TypeDefKind::Variant(of) => {
            let cases = of.cases.iter();
            let cases = cases.map(|case| part(&case.name, case.ty.as_ref(), &case.docs));
            ("variant", cases.collect())
        }
        TypeDefKind::Enum(of) => {
            let cases = of.cases.iter().map(|case| part(&case.name, None, &case.docs));
            ("enum", cases.collect())
        }
        TypeDefKind::Flags(of) => {
            let flags = of.flags.iter().map(|flag| part(&flag.name, None, &flag.docs));
            ("flags", flags.collect())
        }
        TypeDefKind::Resource => ("resource", Vec::new()),
        _ => ("alias", Vec::new()),
    };
    Type {
        name: name.to_owned(),
        kind,
        parts,
        of: (kind == "alias").then(|| alias(resolve, definition)),
        docs: text(&definition.docs),
    }
}

/// The target of an alias; for a type of another interface, with the name of that.
fn alias(resolve: &Resolve, definition: &TypeDef) -> String {
    let of = wit_text::kind(resolve, &definition.kind);
    let TypeDefKind::Type(wit_parser::Type::Id(id)) = &definition.kind else {
        return of;
    };
    let owner = resolve.types.get(*id).map(|target| target.owner);
    match owner {
        Some(TypeOwner::Interface(owner)) => resolve.id_of(owner).map_or(of.clone(), |owner| format!("{owner}.{of}")),
        _ => of,
    }
}

fn world(resolve: &Resolve, world: &wit_parser::World) -> World {
    let names = |items: &mut dyn Iterator<Item = (&WorldKey, &WorldItem)>| {
        let names = items.map(|(key, _)| resolve.name_world_key(key));
        names.collect()
    };
    World {
        name: world.name.clone(),
        docs: text(&world.docs),
        imports: names(&mut world.imports.iter()),
        exports: names(&mut world.exports.iter()),
    }
}

fn text(docs: &Docs) -> Option<String> {
    docs.contents.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_types_and_what_is_said_of_it() {
        let plugin = "package acme:roles@0.1.0;\n\ninterface roles {\n  /// How.\n  enum how {\n    /// At once.\n    now,\n  }\n\n  \
                      /// Sets it.\n  set: func(name: string, how: option<how>) -> result<u32, string>;\n}\n";
        let plugins = Packages::from([("acme:roles@0.1.0".to_owned(), plugin.to_owned())]);
        let packages = described(&plugins).unwrap();
        assert_eq!(
            packages.iter().map(|package| &*package.name).collect::<Vec<_>>(),
            ["mighost:host@0.1.0", "acme:roles@0.1.0"]
        );
        let host = &packages[0];
        assert_eq!((host.interfaces.len(), host.worlds.len()), (14, 6));
        assert!(host.interfaces.iter().all(|interface| interface.docs.is_some()));
        let roles = &packages[1].interfaces[0];
        let set = &roles.functions[0];
        assert_eq!(
            set.wit_text,
            "func(name: string, how: option<how>) -> result<u32, string>"
        );
        assert_eq!(set.docs.as_deref(), Some("Sets it."));
        assert_eq!((roles.types[0].kind, &*roles.types[0].parts[0].name), ("enum", "now"));
    }
}
