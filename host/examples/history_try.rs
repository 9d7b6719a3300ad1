use std::path::Path;
use std::sync::Arc;
use mighost::testkit::history::{HistoryTests, test};
use mighost::testkit::report::{CaseResult, Outcome, Progress};
struct P;
impl Progress for P {
    fn planned(&self, _: usize, _: u64) {}
    fn done(&self, r: &CaseResult) {
        match &r.outcome {
            Outcome::Passed => println!("ok   {} ({:.0} ms)", r.title(), r.seconds * 1000.0),
            Outcome::Skipped { reason } => println!("skip {}: {reason}", r.title()),
            Outcome::Failed { failures } => {
                println!("FAIL {}", r.title());
                for f in failures { println!("  {}", f.what); for d in &f.details { println!("    {d}"); } if let Some(d) = &f.difference { println!("--- {}\n{}+++ {}\n{}", d.names.0, d.expected, d.names.1, d.found); } for h in &f.hints { println!("  hint: {h}"); } }
            }
        }
        for l in &r.log { println!("     log: {l}"); }
    }
}
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let project = mighost::commands::Project { directory: std::fs::canonicalize(Path::new(&dir)).unwrap(), environment: std::env::vars().collect(), ..Default::default() };
    let settings = project.project_settings().unwrap();
    let reporter: Arc<dyn mighost::report::Reporter> = Arc::new(mighost::report::Silent);
    let library = mighost::commands::open::library(&settings.root, &settings.migrations, &settings.plugins);
    let history = mighost::commands::open::history(&library, mighost::artifact::BuildMode::Stale, &*reporter).unwrap();
    let runtime = Arc::new(mighost::runtime::Runtime::new().unwrap());
    let registry = Arc::new(mighost::plugins::Registry::new(runtime, reporter, history.loaded.plugins.clone()).unwrap());
    let only = std::env::args().nth(2).map(|list| list.split(',').map(str::to_owned).collect());
    let tests = HistoryTests { settings, loaded: history.loaded, graph: history.graph, registry, environment: mighost::database::connect::Environment::of_process(), only };
    let rt = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let t = std::time::Instant::now();
    let r = rt.block_on(test(tests, &P));
    match r { Ok(r) => println!("{} cases in {:.2?}", r.len(), t.elapsed()), Err(e) => println!("ERROR {e}") }
}
