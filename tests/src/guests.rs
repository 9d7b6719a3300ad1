//! Guests written as WebAssembly text: what no honest compiler would make.

use std::collections::BTreeMap;
use std::path::Path;

use mighost_artifact::{Assets, Metadata, PluginMetadata, RevisionMetadata, RevisionsMetadata, WIT, assemble};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// Makes a component of a core module for `world`: one of `mighost:host`, or of the last package of `packages`, which are WIT texts that
/// may build on each other and on `mighost:host`. A text of the package `mighost:host` itself joins it.
pub fn component(core: &str, world: &str, packages: &[&str]) -> Vec<u8> {
    let mut core = wat::parse_str(core).unwrap_or_else(|error| panic!("{error}"));
    let (own, others): (Vec<&str>, Vec<&str>) = packages
        .iter()
        .copied()
        .partition(|text| text.starts_with("package mighost:host@"));
    let mut resolve = wit_parser::Resolve::default();
    let mut files = wit_parser::SourceMap::new();
    let texts = WIT.map(|(_, text)| text).into_iter().chain(own);
    for (number, text) in texts.enumerate() {
        files.push(Path::new(&format!("host{number}.wit")), text);
    }
    let files = files.parse().map_err(|(_, error)| error).unwrap();
    let mut package = resolve.push_group(files).unwrap();
    for (number, text) in others.iter().enumerate() {
        package = resolve.push_str(format!("package{number}.wit"), text).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&core).unwrap();
    encoder.encode().unwrap_or_else(|error| panic!("{error:#}"))
}

/// What a revision says of itself, with nothing but its id and those that it stands on.
pub fn revision(revision: &str, down: &[&str]) -> RevisionMetadata {
    RevisionMetadata {
        revision: revision.to_owned(),
        down_revisions: down.iter().map(|down| (*down).to_owned()).collect(),
        depends_on: Vec::new(),
        branch_labels: Vec::new(),
        message: String::new(),
        date: None,
        transaction: Default::default(),
        capabilities: Vec::new(),
        source_digest: None,
    }
}

/// The artifact of a migration.
pub fn migration(component: &[u8], revisions: Vec<RevisionMetadata>) -> Vec<u8> {
    let metadata = Metadata::Revisions(RevisionsMetadata::new(None, revisions));
    assemble(Path::new("a test's migration"), component, &metadata, &Assets::new()).unwrap()
}

/// The artifact of a plugin.
pub fn plugin(component: &[u8], name: &str, kinds: &[&str]) -> Vec<u8> {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let metadata = PluginMetadata::new(None, name.to_owned(), "0.1.0".to_owned(), String::new(), kinds);
    let path = Path::new("a test's plugin");
    assemble(path, component, &Metadata::Plugin(metadata), &Assets::new()).unwrap()
}

/// A custom section as it stands, to be put behind a component.
pub fn section(name: &str, content: &[u8]) -> Vec<u8> {
    let mut body = length(name.len());
    body.extend(name.as_bytes());
    body.extend(content);
    let mut section = vec![0];
    section.extend(length(body.len()));
    section.extend(body);
    section
}

/// LEB128.
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The code of a guest, put together call by call.
#[derive(Default)]
pub struct Code {
    imports: BTreeMap<(String, String), (String, String)>,
    data: Vec<u8>,
    body: String,
    /// Further functions.
    functions: String,
}

/// Where the texts of a guest lie in its memory; what it allocates is behind them.
const TEXTS: usize = 4096;

impl Code {
    pub fn new() -> Self {
        Self::default()
    }

    /// Instructions as they stand.
    pub fn then(mut self, instructions: &str) -> Self {
        self.body.push_str(instructions);
        self.body.push('\n');
        self
    }

    /// A function beside the others.
    pub fn function(mut self, text: &str) -> Self {
        self.functions.push_str(text);
        self.functions.push('\n');
        self
    }

    /// An import of a core function, e.g. `("mighost:host/database@0.1.0", "execute", "$execute", "(param i32 i32 i32 i32)")`.
    pub fn import(mut self, module: &str, field: &str, name: &str, signature: &str) -> Self {
        let key = (module.to_owned(), field.to_owned());
        self.imports.insert(key, (name.to_owned(), signature.to_owned()));
        self
    }

    /// Instructions that leave address and length of `text` on the stack.
    pub fn text(mut self, text: &str) -> Self {
        let at = TEXTS + self.data.len();
        self.data.extend(text.as_bytes());
        self.then(&format!("(i32.const {at}) (i32.const {})", text.len()))
    }

    pub fn execute(self, statement: &str) -> Self {
        self.import(
            "mighost:host/database@0.1.0",
            "execute",
            "$execute",
            "(param i32 i32 i32 i32)",
        )
        .text(statement)
        .then("(i32.const 0) (i32.const 0) (call $execute)")
    }

    /// A query without parameters, whose result is not looked at.
    pub fn query(self, statement: &str) -> Self {
        self.import(
            "mighost:host/database@0.1.0",
            "query",
            "$query",
            "(param i32 i32 i32 i32 i32)",
        )
        .text(statement)
        .then("(i32.const 0) (i32.const 0) (i32.const 64) (call $query)")
    }

    /// A message; level 0 is debug, 1 info, 2 warn.
    pub fn message(self, level: u32, text: &str) -> Self {
        self.import("mighost:host/log@0.1.0", "message", "$message", "(param i32 i32 i32)")
            .then(&format!("(i32.const {level})"))
            .text(text)
            .then("(call $message)")
    }

    /// Ends with the error `text`.
    pub fn fail(self, text: &str) -> Self {
        self.then("(i32.store (i32.const 32) (i32.const 1)) (i32.const 36)")
            .text(text)
            .then("(global.set $scratch) (i32.store) (i32.store (i32.const 40) (global.get $scratch))")
            .then("(return (i32.const 32))")
    }

    /// A core module whose functions of `exports`, each without parameters and with one result, run the code. They return 0: an
    /// ok result, an empty list's address.
    pub fn module(&self, exports: &[&str]) -> String {
        let imports: String = self
            .imports
            .iter()
            .map(|((module, field), (name, signature))| {
                format!("(import \"{module}\" \"{field}\" (func {name} {signature}))\n")
            })
            .collect();
        let data: String = self.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let free = (TEXTS + self.data.len()).next_multiple_of(8);
        let pages = free / 65536 + 2;
        let exports: String = exports
            .iter()
            .map(|export| format!("(func (export \"{export}\") (result i32) (call $body))\n"))
            .collect();
        format!(
            "(module
            {imports}
            (memory (export \"memory\") {pages})
            (global $free (mut i32) (i32.const {free}))
            (global $scratch (mut i32) (i32.const 0))
            (data (i32.const {TEXTS}) \"{data}\")
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
              (local $at i32)
              (local.set $at (global.get $free))
              (global.set $free
                (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 7)) (i32.const -8)))
              (local.get $at))
            {}
            (func $body (result i32)
              {}
              (i32.const 0))
            {exports})",
            self.functions, self.body
        )
    }

    /// The component of a migration that runs the code both ways and defines no objects.
    pub fn component(&self) -> Vec<u8> {
        self.component_in("migration", &[])
    }

    /// As [`component`](Self::component), for a world of another package.
    pub fn component_in(&self, world: &str, packages: &[&str]) -> Vec<u8> {
        let core = self
            .clone_with("(func (export \"mighost:host/revision@0.1.0#objects\") (result i32) (i32.const 0))")
            .module(
                &["upgrade", "downgrade"]
                    .map(|name| format!("mighost:host/revision@0.1.0#{name}"))
                    .each_ref()
                    .map(String::as_str),
            );
        component(&core, world, packages)
    }

    fn clone_with(&self, function: &str) -> Self {
        Self {
            imports: self.imports.clone(),
            data: self.data.clone(),
            body: self.body.clone(),
            functions: format!("{}{function}\n", self.functions),
        }
    }

    /// The artifact of a migration of one revision.
    pub fn migration(&self, id: &str, down: &[&str]) -> Vec<u8> {
        migration(&self.component(), vec![revision(id, down)])
    }
}
