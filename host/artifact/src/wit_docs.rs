//! The comments in a plugin's WIT. A component contains names and types but not comments, so they are in the metadata and are restored
//! where the types are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wit_parser::{Docs, InterfaceId, Resolve, TypeDefKind};

/// The comments of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitDocs {
    /// With its version, e.g. `mighost:roles@0.1.0`.
    package: String,
    /// Comments by item: `interface`, `interface/function`, `interface/type` or `interface/type/case`.
    texts: BTreeMap<String, String>,
}

impl WitDocs {
    /// The comments of `package`; `None` if it has none.
    pub fn of(mut resolve: Resolve, package: &str) -> Option<Self> {
        let mut texts = BTreeMap::new();
        each(&mut resolve, package, &mut |path, docs| {
            texts.extend(docs.contents.clone().map(|text| (path, text)));
        });
        let package = package.to_owned();
        (!texts.is_empty()).then_some(Self { package, texts })
    }

    /// Adds the comments to the interfaces of the package. Those of items that no longer exist are omitted, and so are those that WIT
    /// does not allow.
    pub fn put_into(&self, resolve: &mut Resolve) {
        each(resolve, &self.package, &mut |path, docs| {
            let text = self.texts.get(&path).filter(|text| text.chars().all(is_plain));
            docs.contents = text.cloned().or_else(|| docs.contents.take());
        });
    }
}

/// Characters that wit-parser accepts; others could affect a terminal.
fn is_plain(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        '\u{149}' | '\u{673}' | '\u{f77}' | '\u{f79}' | '\u{17a3}' | '\u{17a4}' | '\u{17b4}' | '\u{17b5}' => false,
        c => !c.is_control(),
    }
}

/// Calls `visit` for every item in the interfaces of `package` that may have a comment.
fn each(resolve: &mut Resolve, package: &str, visit: &mut impl FnMut(String, &mut Docs)) {
    let of_package = |id: &InterfaceId| {
        let package_of = resolve.interfaces.get(*id).and_then(|interface| interface.package);
        let found = package_of.and_then(|id| resolve.packages.get(id));
        found.is_some_and(|found| found.name.to_string() == package)
    };
    let ids: Vec<InterfaceId> = resolve.interfaces.iter().map(|(id, _)| id).filter(of_package).collect();
    for id in ids {
        let Some(interface) = resolve.interfaces.get_mut(id) else {
            continue;
        };
        let Some(name) = interface.name.clone() else { continue };
        visit(name.clone(), &mut interface.docs);
        for (function, found) in &mut interface.functions {
            visit(format!("{name}/{function}"), &mut found.docs);
        }
        for (type_name, ty) in interface.types.clone() {
            let Some(found) = resolve.types.get_mut(ty) else {
                continue;
            };
            let path = format!("{name}/{type_name}");
            visit(path.clone(), &mut found.docs);
            let mut part = |name: &str, docs: &mut Docs| visit(format!("{path}/{name}"), docs);
            match &mut found.kind {
                TypeDefKind::Record(of) => of.fields.iter_mut().for_each(|one| part(&one.name, &mut one.docs)),
                TypeDefKind::Variant(of) => of.cases.iter_mut().for_each(|one| part(&one.name, &mut one.docs)),
                TypeDefKind::Enum(of) => of.cases.iter_mut().for_each(|one| part(&one.name, &mut one.docs)),
                TypeDefKind::Flags(of) => of.flags.iter_mut().for_each(|one| part(&one.name, &mut one.docs)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str =
        "package a:b@1.0.0;\n\ninterface i {\n  enum level {\n    low,\n    high,\n  }\n\n  set: func(to: level);\n}\n";
    const DOCUMENTED: &str = "package a:b@1.0.0;\n\n/// All of it.\ninterface i {\n  /// How much.\n  enum level {\n    /// Not much.\n    low,\n    \
                              high,\n  }\n\n  /// Sets it.\n  ///\n  /// At once.\n  set: func(to: level);\n}\n";

    fn resolve(text: &str) -> Resolve {
        let mut resolve = Resolve::default();
        resolve.push_str("a.wit", text).unwrap();
        resolve
    }

    fn printed(resolve: &Resolve) -> String {
        let mut printer = wit_component::WitPrinter::default();
        let package = resolve.packages.iter().next().unwrap().0;
        printer.print(resolve, package, &[]).unwrap();
        printer.output.to_string()
    }

    #[test]
    fn comments_are_put_back() {
        let docs = WitDocs::of(resolve(DOCUMENTED), "a:b@1.0.0").unwrap();
        let mut bare = resolve(BARE);
        docs.put_into(&mut bare);
        assert_eq!(printed(&bare), printed(&resolve(DOCUMENTED)));
        assert_eq!(WitDocs::of(resolve(BARE), "a:b@1.0.0"), None);
        assert_eq!(WitDocs::of(resolve(DOCUMENTED), "a:b@2.0.0"), None);
    }

    #[test]
    fn what_would_break_the_wit_is_left_out() {
        let mut docs = WitDocs::of(resolve(DOCUMENTED), "a:b@1.0.0").unwrap();
        docs.texts.insert("i".into(), "red \u{1b}[31m".into());
        docs.texts.insert("i/level".into(), "turned \u{202e}".into());
        docs.texts.insert("i/gone".into(), "nobody".into());
        let mut bare = resolve(BARE);
        docs.put_into(&mut bare);
        let text = printed(&bare);
        assert!(text.contains("/// Sets it."), "{text}");
        assert!(!text.contains("red") && !text.contains("turned"), "{text}");
        resolve(&text);
    }
}
