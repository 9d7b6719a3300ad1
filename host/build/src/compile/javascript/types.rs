//! TypeScript declarations of a guest's world: a module for each interface, as the JavaScript runtime presents it.
//!
//! The runtime has conventions of its own, for which the declarations of other tools would be wrong: 64-bit integers are plain numbers,
//! an absent option is null.

use std::fmt::Write as _;

use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId,
    TypeOwner, WorldId, WorldItem,
};

use super::names::{camel, pascal};

/// Declarations of every interface that the world imports or exports, each with its full name and with its short name without the
/// version.
pub(super) fn declarations(resolve: &Resolve, world: WorldId) -> String {
    let mut text = String::from("// Made by `mighost build` of the guest's world.\n");
    let Some(world) = resolve.worlds.get(world) else {
        return text;
    };
    let mut done: Vec<InterfaceId> = Vec::new();
    for item in world.imports.values().chain(world.exports.values()) {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        if done.contains(id) {
            continue;
        }
        done.push(*id);
        if let (Some(name), Some(interface)) = (resolve.id_of(*id), resolve.interfaces.get(*id)) {
            Writer {
                resolve,
                text: &mut text,
            }
            .interface(&name, *id, interface);
        }
    }
    text
}

struct Writer<'a> {
    resolve: &'a Resolve,
    text: &'a mut String,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn interface(&mut self, name: &str, id: InterfaceId, interface: &Interface) {
        self.line(&format!("\ndeclare module {name:?} {{"));
        for (name, ty) in &interface.types {
            if let Some(ty) = self.resolve.types.get(*ty).cloned() {
                self.docs("    ", &ty.docs);
                self.definition(&pascal(name), id, &ty, interface);
            }
        }
        for function in interface.functions.values() {
            if matches!(function.kind, FunctionKind::Freestanding) {
                self.docs("    ", &function.docs);
                let (own, signature) = (camel(&function.name), self.signature(function, id, 0));
                if is_reserved(&own) {
                    self.line(&format!(
                        "    function {own}_{signature};\n    export {{ {own}_ as {own} }};"
                    ));
                } else {
                    self.line(&format!("    export function {own}{signature};"));
                }
            }
        }
        // Without this, everything in a declared module would be exported, even imports.
        self.line("    export {};\n}");
        if let Some((short, _)) = name.split_once('@') {
            self.line(&format!("declare module {short:?} {{\n    export * from {name:?};\n}}"));
        }
    }

    fn docs(&mut self, indent: &str, docs: &Docs) {
        let Some(contents) = &docs.contents else { return };
        self.line(&format!("{indent}/**"));
        for line in contents.trim_end().lines() {
            let line = line.replace("*/", "* /");
            self.line(format!("{indent} * {line}").trim_end());
        }
        self.line(&format!("{indent} */"));
    }

    /// The reference to a named type in its own module.
    fn definition(&mut self, name: &str, home: InterfaceId, ty: &TypeDef, interface: &Interface) {
        match &ty.kind {
            TypeDefKind::Record(record) => {
                self.line(&format!("    export interface {name} {{"));
                for field in &record.fields {
                    self.docs("        ", &field.docs);
                    let optional = if self.is_option(&field.ty) { "?" } else { "" };
                    let of = self.name_of(&field.ty, home);
                    self.line(&format!("        {}{optional}: {of};", camel(&field.name)));
                }
                self.line("    }");
            }
            TypeDefKind::Flags(flags) => {
                self.line(&format!("    export interface {name} {{"));
                for flag in &flags.flags {
                    self.docs("        ", &flag.docs);
                    self.line(&format!("        {}?: boolean;", camel(&flag.name)));
                }
                self.line("    }");
            }
            TypeDefKind::Enum(of) => {
                let cases: Vec<String> = of.cases.iter().map(|case| format!("{:?}", case.name)).collect();
                self.line(&format!("    export type {name} = {};", cases.join(" | ")));
            }
            TypeDefKind::Variant(of) => {
                self.line(&format!("    export type {name} ="));
                for case in &of.cases {
                    self.docs("        ", &case.docs);
                    let value = case.ty.map(|ty| format!(", val: {}", self.name_of(&ty, home)));
                    self.line(&format!(
                        "        | {{ tag: {:?}{} }}",
                        case.name,
                        value.unwrap_or_default()
                    ));
                }
                self.text.truncate(self.text.trim_end().len());
                self.line(";");
            }
            TypeDefKind::Resource => self.resource(name, home, interface),
            kind => {
                let of = self.kind(kind, home);
                self.line(&format!("    export type {name} = {of};"));
            }
        }
    }

    fn resource(&mut self, name: &str, home: InterfaceId, interface: &Interface) {
        self.line(&format!("    export class {name} {{"));
        let mut constructed = false;
        for function in interface.functions.values() {
            let (FunctionKind::Method(id) | FunctionKind::Static(id) | FunctionKind::Constructor(id)) = &function.kind
            else {
                continue;
            };
            if self
                .resolve
                .types
                .get(*id)
                .and_then(|ty| ty.name.as_deref())
                .map(pascal)
                .as_deref()
                != Some(name)
            {
                continue;
            }
            self.docs("        ", &function.docs);
            let own = camel(function.item_name());
            match function.kind {
                FunctionKind::Method(_) => {
                    let signature = self.signature(function, home, 1);
                    self.line(&format!("        {own}{signature};"));
                }
                FunctionKind::Static(_) => {
                    let signature = self.signature(function, home, 0);
                    self.line(&format!("        static {own}{signature};"));
                }
                _ => {
                    constructed = true;
                    let parameters = self.parameters(function, home, 0);
                    self.line(&format!("        constructor({parameters});"));
                }
            }
        }
        if !constructed {
            self.line("        private constructor();");
        }
        self.line("    }");
    }

    fn parameters(&self, function: &Function, home: InterfaceId, skip: usize) -> String {
        let parameters: Vec<String> = function
            .params
            .iter()
            .skip(skip)
            .map(|parameter| {
                let name = camel(&parameter.name);
                let mark = if is_reserved(&name) { "_" } else { "" };
                format!("{name}{mark}: {}", self.name_of(&parameter.ty, home))
            })
            .collect();
        parameters.join(", ")
    }

    fn signature(&self, function: &Function, home: InterfaceId, skip: usize) -> String {
        let result = match function.result {
            None => "void".to_owned(),
            // The error of a function is thrown.
            Some(Type::Id(id)) => match self.resolve.types.get(id).map(|ty| &ty.kind) {
                Some(TypeDefKind::Result(result)) => result.ok.map_or("void".to_owned(), |ty| self.name_of(&ty, home)),
                _ => self.name_of(&Type::Id(id), home),
            },
            Some(ty) => self.name_of(&ty, home),
        };
        format!("({}): {result}", self.parameters(function, home, skip))
    }

    fn is_option(&self, ty: &Type) -> bool {
        matches!(ty, Type::Id(id) if matches!(self.resolve.types.get(*id).map(|ty| &ty.kind), Some(TypeDefKind::Option(_))))
    }

    /// A reference to a type in the module of the interface `home`.
    fn name_of(&self, ty: &Type, home: InterfaceId) -> String {
        let Type::Id(id) = ty else {
            return plain(ty).to_owned();
        };
        let Some(definition) = self.resolve.types.get(*id) else {
            return "unknown".to_owned();
        };
        match (&definition.name, definition.owner) {
            (Some(name), TypeOwner::Interface(owner)) if owner == home => pascal(name),
            (Some(name), TypeOwner::Interface(owner)) => match self.resolve.id_of(owner) {
                Some(module) => format!("import({module:?}).{}", pascal(name)),
                None => self.kind(&definition.kind, home),
            },
            _ => self.kind(&definition.kind, home),
        }
    }

    /// A type without a name of its own.
    fn kind(&self, kind: &TypeDefKind, home: InterfaceId) -> String {
        let of = |ty: &Type| self.name_of(ty, home);
        let of_id = |id: &TypeId| self.name_of(&Type::Id(*id), home);
        match kind {
            TypeDefKind::Type(ty) => of(ty),
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => of_id(id),
            TypeDefKind::Tuple(tuple) => format!("[{}]", tuple.types.iter().map(of).collect::<Vec<_>>().join(", ")),
            TypeDefKind::Option(inner) if self.is_option(inner) => {
                format!("{{ tag: \"some\", val: {} }} | {{ tag: \"none\" }}", of(inner))
            }
            TypeDefKind::Option(inner) => format!("{} | null", of(inner)),
            TypeDefKind::Result(result) => {
                let mut text = String::new();
                for (tag, ty) in [("ok", &result.ok), ("err", &result.err)] {
                    let value = ty.as_ref().map(|ty| format!(", val: {}", of(ty))).unwrap_or_default();
                    let bar = if text.is_empty() { "" } else { " | " };
                    let _ = write!(text, "{bar}{{ tag: {tag:?}{value} }}");
                }
                text
            }
            TypeDefKind::List(Type::U8) | TypeDefKind::FixedLengthList(Type::U8, _) => "Uint8Array".to_owned(),
            TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => format!("Array<{}>", of(ty)),
            TypeDefKind::Map(key, value) => format!("Map<{}, {}>", of(key), of(value)),
            _ => "unknown".to_owned(),
        }
    }
}

fn plain(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::Char | Type::String => "string",
        Type::ErrorContext | Type::Id(_) => "unknown",
        _ => "number",
    }
}

/// Words that cannot be names in JavaScript.
fn is_reserved(name: &str) -> bool {
    const WORDS: [&str; 38] = [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "new",
        "null",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "void",
        "with",
    ];
    WORDS.contains(&name)
        || matches!(
            name,
            "var" | "while" | "yield" | "let" | "interface" | "package" | "private" | "protected" | "public"
        )
}
