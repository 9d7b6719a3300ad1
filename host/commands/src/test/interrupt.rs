//! Ctrl-C and SIGTERM during tests: finished results are reported, and the servers are removed with their data.

use std::sync::Arc;

use crate::migrate::wait_for_signal;
use mighost_core::{Event, Level, Reporter};
use mighost_testkit::Stop;

/// Cancels the tests at the first signal, and ends the process at the second; the next start removes its servers. Does nothing if signals
/// are not this program's to handle.
pub fn stop_on_signal(stop: &Stop, reporter: &Arc<dyn Reporter>) {
    if !reporter.owns_signals() {
        return;
    }
    let (stop, reporter) = (stop.clone(), reporter.clone());
    // Without the thread the system ends the process, as usual.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            wait_for_signal().await;
            stop.stop();
            reporter.report(Event::Note {
                level: Level::Warn,
                text: "interrupted: stopping the tests; interrupt again to stop at once".into(),
            });
            wait_for_signal().await;
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        });
    });
}
