//! What guests in each language cost: a call into a plugin, the start of a run that uses it, and compiling it for the first time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::StringEncoding;

use crate::bench::{Bench, repository};
use crate::project;
use crate::run::{median, millis, timed};
use crate::table::Table;

const CALLS: u32 = 100_000;

/// The plugin without a language around it: what mighost itself takes, and whose runs the others' starts are compared with.
const PLAIN: &str = "plain";

/// A plugin in a language: its name, its file, and the code of `call`, which answers the text's length.
const LANGUAGES: [(&str, &str, &str); 8] = [
    (
        "rust",
        "src/lib.rs",
        "use mighost_sdk::prelude::*;
struct Calls;
impl calls::Guest for Calls {
    fn call(text: String) -> u32 { text.len() as u32 }
}
mighost_sdk::export_operations!(\"wit\", Calls, bench::rust::calls);
",
    ),
    (
        "c",
        "plugin.c",
        "#include \"mighost.h\"
uint32_t exports_bench_c_calls_call(guest_string_t *text) { return (uint32_t)text->len; }
",
    ),
    (
        "cpp",
        "plugin.cpp",
        "#include \"mighost.hpp\"
uint32_t exports_bench_cpp_calls_call(guest_string_t *text) { return static_cast<uint32_t>(text->len); }
",
    ),
    (
        "zig",
        "plugin.zig",
        "const mighost = @import(\"mighost\");
export fn exports_bench_zig_calls_call(text: *mighost.Text) u32 {
    return @intCast(mighost.string(text.*).len);
}
",
    ),
    (
        "go",
        "plugin.go",
        "package calls

func Call(text string) (uint32, error) { return uint32(len(text)), nil }
",
    ),
    (
        "javascript",
        "plugin.js",
        "export function call(text) { return text.length; }\n",
    ),
    (
        "typescript",
        "plugin.ts",
        "export function call(text: string): number { return text.length; }\n",
    ),
    ("python", "plugin.py", "def call(text):\n    return len(text)\n"),
];

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let built = bench.folder.join("languages");
    let languages = build(bench, &built)?;
    let mut measured = vec![Guest::plain(bench)?];
    for language in languages {
        measured.push(Guest::of(bench, &built, language)?);
    }
    for _ in 0..bench.rounds {
        for guest in &mut measured {
            guest.measure(bench)?;
        }
    }
    let plain = measured.first().map(|guest| median(&guest.once)).unwrap_or_default();
    for guest in &measured {
        let each = median(&guest.many).saturating_sub(median(&guest.once)).as_secs_f64() * 1e6 / f64::from(CALLS);
        table.judge(
            &format!("{}: a call of a plugin's operation, with a string", guest.language),
            format!("{each:.2} µs"),
            "<= 10 µs",
            each <= 10.0,
        );
    }
    for guest in measured.iter().skip(1) {
        let later = median(&guest.once).saturating_sub(plain);
        let what = format!("{}: a run that uses it is longer by", guest.language);
        match guest.language {
            "python" => table.judge(&what, millis(later), "<= 50 ms", later <= Duration::from_millis(50)),
            _ => table.tell(&what, millis(later)),
        }
        let cold = guest.cold.unwrap_or_default().saturating_sub(median(&guest.once));
        table.tell(&format!("{}: its first compilation", guest.language), millis(cold));
    }
    Ok(())
}

/// Builds a plugin in each language; names those that could be built here.
fn build(bench: &Bench, folder: &Path) -> anyhow::Result<Vec<&'static str>> {
    let mut languages = Vec::new();
    for (language, file, code) in LANGUAGES {
        // A project for each: one that cannot be built does not keep the others.
        let project = folder.join(language);
        project::empty(&project)?;
        let plugin = project.join("plugins/calls");
        std::fs::create_dir_all(plugin.join("wit"))?;
        std::fs::create_dir_all(plugin.join("src"))?;
        std::fs::write(
            plugin.join("plugin.toml"),
            format!("name = \"calls\"\nversion = \"0.1.0\"\nbuild = \"{language}\"\n"),
        )?;
        std::fs::write(plugin.join("wit/calls.wit"), wit(language))?;
        std::fs::write(plugin.join(file), code)?;
        if language == "rust" {
            let sdk = std::fs::canonicalize(repository().join("plugin-sdk"))?;
            std::fs::write(plugin.join("Cargo.toml"), manifest(&sdk))?;
        }
        let output = bench.mighost(&project, "").arg("build").output()?;
        if output.status.success() {
            languages.push(language);
        } else {
            let told = String::from_utf8_lossy(&output.stderr);
            eprintln!("  {language} cannot be built here, and is left out: {told}");
        }
    }
    Ok(languages)
}

/// Projects of artifacts that do the same with a plugin in one language.
struct Guest {
    language: &'static str,
    /// Calls the plugin once, and [`CALLS`] times.
    projects: [PathBuf; 2],
    /// The first run, which compiles.
    cold: Option<Duration>,
    once: Vec<Duration>,
    many: Vec<Duration>,
}

impl Guest {
    fn of(bench: &Bench, built: &Path, language: &'static str) -> anyhow::Result<Self> {
        let [plugin] = project::artifacts(&built.join(language))?
            .try_into()
            .map_err(|found| anyhow::anyhow!("one artifact was to be built, not {found:?}"))?;
        Self::new(bench, language, &std::fs::read(plugin)?)
    }

    fn plain(bench: &Bench) -> anyhow::Result<Self> {
        let plugin = artifact(
            PLAIN,
            &plain(),
            "plugin",
            "mighost:plugin",
            &serde_json::json!({
                "format": 3, "wit": "0.1.0", "builder": "bench", "name": "calls", "version": "0.1.0",
            }),
        )?;
        Self::new(bench, PLAIN, &plugin)
    }

    fn new(bench: &Bench, language: &'static str, plugin: &[u8]) -> anyhow::Result<Self> {
        let project = |count: u32| -> anyhow::Result<PathBuf> {
            let folder = bench.folder.join(format!("calls-{language}-{count}"));
            project::empty(&folder)?;
            let migration = artifact(
                language,
                &caller(language, count),
                "caller",
                "mighost:revision",
                &serde_json::json!({
                    "format": 3, "wit": "0.1.0", "builder": "bench",
                    "revisions": [{ "revision": project::revision(0), "message": "Calls" }],
                }),
            )?;
            std::fs::write(folder.join("migrations/calls.wasm"), migration)?;
            std::fs::write(folder.join("plugins/calls.wasm"), plugin)?;
            Ok(folder)
        };
        Ok(Self {
            language,
            projects: [project(1)?, project(CALLS)?],
            cold: None,
            once: Vec::new(),
            many: Vec::new(),
        })
    }

    fn measure(&mut self, bench: &Bench) -> anyhow::Result<()> {
        let [once, many] = &self.projects;
        let run = |folder: &Path| {
            bench.server.fresh("calls")?;
            let mut command = bench.mighost(folder, "calls");
            // A cache for each, so that only its first run compiles.
            command.env("XDG_CACHE_HOME", once.with_extension("cache"));
            timed(command.args(["upgrade", "head"]))
        };
        if self.cold.is_none() {
            self.cold = Some(run(once)?);
            // Fills the index.
            run(many)?;
        }
        self.once.push(run(once)?);
        self.many.push(run(many)?);
        Ok(())
    }
}

/// The interface between a caller and a plugin.
fn wit(language: &str) -> String {
    format!(
        "package bench:{language}@0.1.0;
interface calls {{ call: func(text: string) -> u32; }}
world imports {{ import calls; }}
world plugin {{ export calls; }}
"
    )
}

fn manifest(sdk: &Path) -> String {
    format!(
        "[package]\nname = \"calls\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n\
         [dependencies]\nmighost-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
    )
}

/// Answers with the text's length.
fn plain() -> String {
    format!(
        r#"(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "bench:{PLAIN}/calls@0.1.0#call") (param i32 i32) (result i32) (local.get 1)))"#
    )
}

/// A migration that calls the plugin `count` times.
fn caller(language: &str, count: u32) -> String {
    format!(
        r#"(module
  (import "bench:{language}/calls@0.1.0" "call" (func $call (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "a table's name")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mighost:host/revision@0.1.0#upgrade") (result i32)
    (local $left i32)
    (local.set $left (i32.const {count}))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $left)))
        (if (i32.ne (call $call (i32.const 64) (i32.const 14)) (i32.const 14)) (then unreachable))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $again)))
    (i32.const 0))
  (func (export "mighost:host/revision@0.1.0#downgrade") (result i32) (i32.const 0))
  (func (export "mighost:host/revision@0.1.0#objects") (result i32) (i32.const 0)))"#
    )
}

/// A component of the core module `text` in `world`, with its metadata.
fn artifact(
    language: &str,
    text: &str,
    world: &str,
    section: &str,
    metadata: &serde_json::Value,
) -> anyhow::Result<Vec<u8>> {
    let mut core = wat::parse_str(text)?;
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_dir(repository().join("wit"))?;
    let calls = format!(
        "{}world caller {{ import calls; export mighost:host/revision@0.1.0; }}\n",
        wit(language)
    );
    let package = resolve.push_str("calls.wit", &calls)?;
    let world = resolve.select_world(&[package], Some(world))?;
    wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false)?;
    let mut component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)?
        .encode()?;
    if component.is_empty() {
        bail!("the component is empty");
    }
    let data = serde_json::to_vec(metadata).context("the metadata cannot be written")?;
    CustomSection {
        name: section.into(),
        data: data.as_slice().into(),
    }
    .append_to_component(&mut component);
    Ok(component)
}
