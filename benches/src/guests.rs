//! What components cost: compiling them, loading them, calling from one into another.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use mighost::artifact::{BuildMode, Library};
use mighost::config::ToolchainSettings;
use mighost::plugins::Registry;
use mighost::report::{Reporter, Silent};
use mighost::runtime::Runtime;
use mighost::toolchain::Toolchains;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::StringEncoding;

use crate::bench::{Bench, repository};
use crate::project;
use crate::run::{median, text, timed};
use crate::table::Table;

/// The first argument of the bench's own process that compiles: each needs a fresh one.
pub const CHILD: &str = "--compile";

const CALLS: u32 = 100_000;

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    calls(bench, table)?;
    let built = bench.mighost(&repository(), "").arg("build").output()?;
    if !built.status.success() {
        eprintln!(
            "  the demo's components cannot be built here: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        return Ok(());
    }
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let mut count = 0;
    for _ in 0..bench.rounds {
        bench.clear_cache()?;
        for times in [&mut cold, &mut warm] {
            let told = text(
                Command::new(std::env::current_exe()?)
                    .arg(CHILD)
                    .arg(repository())
                    .env("XDG_CACHE_HOME", bench.cache()),
            )?;
            let mut numbers = told.split_whitespace().map(str::parse::<u64>);
            count = numbers.next().context("the child told nothing")??;
            times.push(Duration::from_micros(
                numbers.next().context("the child told no time")??,
            ));
        }
    }
    for (what, times) in [("cold", &cold), ("warm", &warm)] {
        let all = median(times).as_secs_f64() * 1000.0;
        let measured = format!("{all:.0} ms, {:.2} ms each", all / count as f64);
        table.tell(
            &format!("the demo's {count} migrations and plugins: loaded and linked, {what}"),
            measured,
        );
    }
    Ok(())
}

/// `COUNT MICROSECONDS` of loading every migration of the project `root` with the plugins that it needs.
pub fn child(arguments: &[String]) -> anyhow::Result<()> {
    let root = Path::new(arguments.first().context("no project is named")?);
    let library = Library {
        build_dir: root.join(".mighost/build"),
        migrations: vec![root.join("migrations")],
        plugins: vec![root.join("plugins")],
        toolchains: Toolchains::new(ToolchainSettings::defaults(root)),
    };
    let reporter: Arc<dyn Reporter> = Arc::new(Silent);
    // The demo's paths are known to the index as mighost wrote them, which is not always how the bench writes them.
    let loaded = library.load(BuildMode::Stale, &*reporter)?;
    let start = Instant::now();
    let registry = Registry::new(Arc::new(Runtime::new()?), reporter, loaded.plugins.clone())?;
    let mut count = loaded.plugins.len();
    for (revision, artifact) in loaded.revisions() {
        registry.migration(artifact, &revision.revision)?;
        count += 1;
    }
    println!("{count} {}", start.elapsed().as_micros());
    Ok(())
}

/// What a call of a plugin's operation costs a migration, its report to the user included.
fn calls(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let project = |name: &str, count: u32| -> anyhow::Result<_> {
        let folder = bench.folder.join(name);
        project::empty(&folder)?;
        let migration = artifact(
            &caller(count),
            "caller",
            "mighost:revision",
            &serde_json::json!({
                "format": 1, "wit": "0.1.0", "builder": "bench",
                "revisions": [{ "revision": project::revision(0), "message": "Calls" }],
            }),
        )?;
        std::fs::write(folder.join("migrations/calls.wasm"), migration)?;
        let plugin = artifact(
            PLUGIN,
            "plugin",
            "mighost:plugin",
            &serde_json::json!({
                "format": 1, "wit": "0.1.0", "builder": "bench", "name": "calls", "version": "0.1.0",
            }),
        )?;
        std::fs::write(folder.join("plugins/calls.wasm"), plugin)?;
        Ok(folder)
    };
    let (none, many) = (project("no-calls", 0)?, project("calls", CALLS)?);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        for (folder, times) in [(&none, &mut without), (&many, &mut with)] {
            bench.server.fresh("calls")?;
            times.push(timed(bench.mighost(folder, "calls").args(["upgrade", "head"]))?);
        }
    }
    let more = median(&with).saturating_sub(median(&without));
    let each = more.as_secs_f64() * 1e6 / f64::from(CALLS);
    table.tell("a call of a plugin's operation, with a string", format!("{each:.2} µs"));
    Ok(())
}

/// The interface between the two components below.
const WIT: &str = "
    package bench:calls@0.1.0;
    interface calls { call: func(text: string) -> u32; }
    world plugin { export calls; }
    world caller { import calls; export mighost:host/revision@0.1.0; }
";

/// Answers with the text's length.
const PLUGIN: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "bench:calls/calls@0.1.0#call") (param i32 i32) (result i32) (local.get 1)))"#;

/// A migration that calls the plugin `count` times.
fn caller(count: u32) -> String {
    format!(
        r#"(module
  (import "bench:calls/calls@0.1.0" "call" (func $call (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "a table's name")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mighost:host/revision@0.1.0#upgrade") (result i32)
    (local $left i32)
    (local.set $left (i32.const {count}))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $left)))
        (drop (call $call (i32.const 64) (i32.const 14)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $again)))
    (i32.const 0))
  (func (export "mighost:host/revision@0.1.0#downgrade") (result i32) (i32.const 0))
  (func (export "mighost:host/revision@0.1.0#objects") (result i32) (i32.const 0)))"#
    )
}

/// A component of the core module `text` in `world`, with its metadata.
fn artifact(text: &str, world: &str, section: &str, metadata: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
    let mut core = wat::parse_str(text)?;
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_dir(repository().join("wit"))?;
    let package = resolve.push_str("calls.wit", WIT)?;
    let world = resolve.select_world(&[package], Some(world))?;
    wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false)?;
    let mut component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)?
        .encode()?;
    if component.is_empty() {
        bail!("the component is empty");
    }
    let data = serde_json::to_vec(metadata)?;
    CustomSection {
        name: section.into(),
        data: data.as_slice().into(),
    }
    .append_to_component(&mut component);
    Ok(component)
}
