//! Ctrl-C and SIGTERM while tests run: what is done is told, and the servers go with their data.

use std::sync::Arc;

use crate::migrate::wait_for_signal;
use mighost_core::{Event, Level, Reporter};
use mighost_testkit::Stop;

/// Ends the tests at the first signal, and the process at the second, whose servers the next start sweeps away. Nothing is done where
/// signals are not this program's to take.
pub fn stop_on_signal(stop: &Stop, reporter: &Arc<dyn Reporter>) {
    if !reporter.owns_signals() {
        return;
    }
    let (stop, reporter) = (stop.clone(), reporter.clone());
    // Without the thread the system ends the process, as it does for every program.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            wait_for_signal().await;
            stop.stop();
            reporter.report(Event::Note {
                level: Level::Warn,
                text: "interrupted: ending the tests; once more to end at once".into(),
            });
            wait_for_signal().await;
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        });
    });
}
