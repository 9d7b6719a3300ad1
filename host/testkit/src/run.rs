//! Runs a suite: in an order that a seed determines, on several threads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::cancel::Stop;
use super::coverage::{Coverage, Item};
use super::database::Databases;
use super::report::{CaseKind, CaseResult, Failure, Outcome, Progress, SuiteReport};
use super::suite::{Content, Job, Suite, TestError};
use super::unit_case::{self, Verdict};
use super::update::{self, Change};
use super::{TestProject, database};

/// Settings for running a suite.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The seed of the order; a random one if it is `None`.
    pub seed: Option<u64>,
    /// The number of concurrent cases; by default the number of processors.
    pub jobs: Option<usize>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Report what no case has tested.
    pub coverage: bool,
    /// Cancels the run.
    pub stop: Stop,
}

/// The state that the threads share.
struct Shared<'a> {
    project: &'a TestProject,
    suite: &'a Suite,
    progress: &'a dyn Progress,
    fail_fast: bool,
    stop: &'a Stop,
    databases: Arc<Databases>,
    queue: Mutex<VecDeque<usize>>,
    stopped: AtomicBool,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    results: BTreeMap<usize, CaseResult>,
    changes: BTreeMap<PathBuf, Vec<Change>>,
    items: BTreeSet<Item>,
}

/// Runs every case of the suite. Blocks.
///
/// # Errors
/// If no thread can be started or, with `coverage`, a plugin cannot be loaded.
pub fn run(
    project: &TestProject,
    suite: &Suite,
    options: &Options,
    progress: &dyn Progress,
) -> Result<SuiteReport, TestError> {
    let begun = Instant::now();
    let seed = options.seed.unwrap_or_else(draw);
    let mut order: Vec<usize> = (0..suite.jobs.len()).collect();
    shuffle(&mut order, seed);
    progress.planned(order.len(), seed);
    let processors = || std::thread::available_parallelism().map_or(2, usize::from);
    let threads = options.jobs.unwrap_or_else(processors).clamp(1, order.len().max(1));
    let shared = Shared {
        project,
        suite,
        progress,
        fail_fast: options.fail_fast,
        stop: &options.stop,
        databases: Arc::new(Databases::new(project, threads)),
        queue: Mutex::new(order.into()),
        stopped: AtomicBool::new(false),
        done: Mutex::default(),
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&shared))).collect();
        // Cases that a thread did not complete must not appear as passed.
        let lost = || Err(std::io::Error::other("one of them panicked, which is a bug in mighost"));
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| lost()));
        ended.collect::<Result<Vec<()>, _>>()
    })
    .map_err(TestError::Threads)?;
    let done = shared.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let coverage = match options.coverage {
        true => Some(Coverage::of(project, |subject| suite.means(subject), &done.items)?),
        false => None,
    };
    Ok(SuiteReport {
        not_run: suite.jobs.len().saturating_sub(done.results.len()),
        interrupted: options.stop.is_stopped(),
        cases: done.results.into_values().collect(),
        seed: Some(seed),
        seconds: begun.elapsed().as_secs_f64(),
        coverage,
        updates: update::updates(&suite.sources(), done.changes, &project.settings.root),
    })
}

/// The work of one thread: cases, as long as there are any.
fn work(shared: &Shared<'_>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    loop {
        let next = shared.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let ended = shared.stopped.load(Ordering::Relaxed) || shared.stop.is_stopped();
        let Some(number) = next.filter(|_| !ended) else {
            break;
        };
        let Some(job) = shared.suite.jobs.get(number).copied() else {
            continue;
        };
        let begun = Instant::now();
        // A defect of mighost must not affect the other cases.
        let verdict = catch_unwind(AssertUnwindSafe(|| runtime.block_on(in_time(shared, job))));
        let verdict = verdict.unwrap_or_else(|_| {
            let failure = Failure::new("mighost panicked; this is a bug in mighost");
            Some((Verdict::failed(failure), None))
        });
        let Some((verdict, skipped)) = verdict else {
            break;
        };
        let Some(listed) = shared.suite.listed(job) else {
            continue;
        };
        let result = CaseResult {
            subject: listed.subject,
            name: listed.name,
            kind: listed.kind,
            place: Some(listed.place),
            outcome: match (skipped, verdict.failures) {
                (Some(reason), _) => Outcome::Skipped { reason },
                (None, failures) if failures.is_empty() => Outcome::Passed,
                (None, failures) => Outcome::Failed { failures },
            },
            seconds: begun.elapsed().as_secs_f64(),
            log: verdict.heard.messages,
        };
        if result.failed() && shared.fail_fast {
            shared.stopped.store(true, Ordering::Relaxed);
        }
        shared.progress.done(&result);
        let mut done = shared.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.items.extend(verdict.heard.items);
        if let Some(file) = shared.suite.files.get(job.file).filter(|_| !verdict.changes.is_empty()) {
            done.changes
                .entry(file.path.clone())
                .or_default()
                .extend(verdict.changes);
        }
        done.results.insert(number, result);
    }
    // Does not wait for a component that is still being compiled.
    runtime.shutdown_background();
    Ok(())
}

/// Like [`judge`], within the time limit; `None` if the run was cancelled.
async fn in_time(shared: &Shared<'_>, job: Job) -> Option<(Verdict, Option<String>)> {
    let limit = shared.project.settings.test.timeout;
    if let Some(file) = shared.suite.files.get(job.file) {
        // Compiling or starting what several cases share does not count as time of a case. If that fails, the case reports it.
        let _ = shared.project.guest(&file.subject);
        if matches!(job.kind, CaseKind::Database | CaseKind::PgTap) {
            let _ = shared.databases.shared();
        }
    }
    tokio::select! {
        biased;
        () = shared.stop.wait() => None,
        judged = tokio::time::timeout(limit, judge(shared, job)) => {
            Some(judged.unwrap_or_else(|_| (Verdict::failed(out_of_time("the case", limit)), None)))
        }
    }
}

/// The description of a case that did not complete.
fn out_of_time(what: &str, limit: Duration) -> Failure {
    Failure::new(format!("{what} did not finish within {}", crate::seconds(limit)))
        .hint("to allow more time, set `[test] timeout = \"10min\"` in mighost.toml")
}

/// The outcome of the case, or the reason why it was not run.
async fn judge(shared: &Shared<'_>, job: Job) -> (Verdict, Option<String>) {
    let ran = |verdict| (verdict, None);
    let skipped = |reason: &String| (Verdict::default(), Some(reason.clone()));
    let Some(file) = shared.suite.files.get(job.file) else {
        return ran(Verdict::default());
    };
    let project = shared.project;
    match &file.content {
        Content::Broken(error) => ran(Verdict::failed(error.failure())),
        Content::NoComponent(reason) => ran(Verdict::failed(Failure::new(reason.clone()))),
        Content::Component(component) => match component.cases.get(job.number) {
            Some(name) => ran(component.run(project, &shared.databases, &file.subject, name).await),
            None => ran(Verdict::default()),
        },
        Content::PgTap(script) => database::pgtap(project, &shared.databases, &file.subject, script).await,
        Content::Cases { file: cases, text } if job.kind == CaseKind::Database => {
            match cases.databases.get(job.number) {
                Some(case) => match &case.skip {
                    Some(reason) => skipped(reason),
                    None => {
                        let databases = &shared.databases;
                        database::run(project, databases, &file.subject, cases, case, text).await
                    }
                },
                None => ran(Verdict::default()),
            }
        }
        Content::Cases { file: cases, text } => match cases.cases.get(job.number) {
            Some(case) => match &case.skip {
                Some(reason) => skipped(reason),
                None => ran(unit_case::run(project, &file.subject, cases, case, text).await),
            },
            None => ran(Verdict::default()),
        },
    }
}

/// A seed that is short enough to type.
fn draw() -> u64 {
    getrandom::u32().map_or(1, |number| u64::from(number % 1_000_000))
}

/// Shuffles by a seed: the same seed gives the same order on every machine.
fn shuffle(order: &mut [usize], seed: u64) {
    let mut state = seed;
    for last in (1..order.len()).rev() {
        let bound = last as u64 + 1;
        let other = usize::try_from(random(&mut state) % bound).unwrap_or_default();
        order.swap(last, other);
    }
}

/// SplitMix64, which needs no more state than the seed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_an_order_and_another_seed_another() {
        let shuffled = |seed| {
            let mut order: Vec<usize> = (0..100).collect();
            shuffle(&mut order, seed);
            order
        };
        assert_eq!(shuffled(7), shuffled(7));
        assert_ne!(shuffled(7), shuffled(8));
        let mut sorted = shuffled(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
