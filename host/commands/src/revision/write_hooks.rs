//! Commands that run on the files of a new revision: formatters, `git add`. They are the author's own, and run with the author's
//! privileges; nothing here runs when a database is migrated.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use minijinja::value::Value;

use super::jinja::{self, Variables};
use super::{NewRevisionError, Written};
use mighost_config::WriteHook;
use mighost_core::{Event, Level, Reporter};

/// The maximum length of a hook's output that is shown: the end of it, in bytes.
const MAX_OUTPUT: usize = 8 << 10;
/// The interval of checks whether a hook has ended.
const POLL: Duration = Duration::from_millis(10);
/// The time to wait for the output of a hook that has ended: a process that it started may keep the pipe open.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// Runs `hooks` in `root`, in order, until one fails.
pub(super) fn run(
    root: &Path,
    hooks: &[WriteHook],
    written: &Written,
    variables: &Variables,
    reporter: &dyn Reporter,
) -> Result<(), NewRevisionError> {
    let path = |path: &Path| Value::from(path.display().to_string());
    let mut variables = variables.clone();
    variables.insert("folder".to_owned(), path(&written.folder));
    variables.insert("root".to_owned(), path(root));
    for hook in hooks {
        let files: Vec<Option<&Path>> = match &hook.files {
            None => vec![None],
            Some(pattern) => written
                .files
                .iter()
                .filter(|file| {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    matches(pattern, &name)
                })
                .map(|file| Some(file.as_path()))
                .collect(),
        };
        for file in files {
            match file {
                Some(file) => variables.insert("file".to_owned(), path(file)),
                None => variables.remove("file"),
            };
            let command = arguments(hook, &variables)?;
            reporter.report(Event::Note {
                level: Level::Debug,
                text: format!("hook {}: {}", hook.name, command.join(" ")),
            });
            run_one(root, &command, hook.timeout).map_err(|(reason, output)| NewRevisionError::Hook {
                name: hook.name.clone(),
                file: file
                    .and_then(|file| file.strip_prefix(&written.folder).ok())
                    .map(|file| file.display().to_string()),
                reason,
                output,
                folder: written.folder.clone(),
            })?;
        }
    }
    Ok(())
}

/// The command with its templates rendered.
fn arguments(hook: &WriteHook, variables: &Variables) -> Result<Vec<String>, NewRevisionError> {
    let name = format!("the command of the hook {} in mighost.toml", hook.name);
    let render = |argument: &String| jinja::render(&name, argument, variables);
    Ok(hook.command.iter().map(render).collect::<Result<_, _>>()?)
}

/// Runs a command to completion. On failure: the reason, and the end of its output.
fn run_one(root: &Path, command: &[String], timeout: Duration) -> Result<(), (String, String)> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let child = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| (format!("{program} cannot be run: {error}"), String::new()))?;
    let (sender, receiver) = mpsc::channel();
    let pipes = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    for pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        // Ends with the pipe; if a process keeps it open, with mighost.
        thread::spawn(move || forward(pipe, &sender));
    }
    drop(sender);
    let start = Instant::now();
    let mut output = Vec::new();
    let status = loop {
        collect(&receiver, &mut output);
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if start.elapsed() >= timeout => {
                let _ = child.kill();
                let _ = child.wait();
                break Err(format!("it did not finish within {} s", timeout.as_secs_f64()));
            }
            Ok(None) => thread::sleep(POLL),
            Err(error) => break Err(format!("waiting for it failed: {error}")),
        }
    };
    let ended = Instant::now();
    while let Some(left) = LAST_OUTPUT.checked_sub(ended.elapsed())
        && let Ok(bytes) = receiver.recv_timeout(left)
    {
        append(&mut output, &bytes);
    }
    let reason = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("it ended with {status}"),
        Err(reason) => reason,
    };
    Err((reason, String::from_utf8_lossy(&output).trim_end().to_owned()))
}

fn forward(mut pipe: Box<dyn Read + Send>, sender: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length) = pipe.read(&mut buffer)
        && length > 0
        && sender.send(buffer.get(..length).unwrap_or_default().to_vec()).is_ok()
    {}
}

fn collect(receiver: &mpsc::Receiver<Vec<u8>>, output: &mut Vec<u8>) {
    while let Ok(bytes) = receiver.try_recv() {
        append(output, &bytes);
    }
}

/// Keeps the end.
fn append(output: &mut Vec<u8>, bytes: &[u8]) {
    output.extend_from_slice(bytes);
    let surplus = output.len().saturating_sub(MAX_OUTPUT);
    output.drain(..surplus);
}

/// Whether `name` matches `pattern`, in which each `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.sql", "upgrade.sql", true),
            ("*.sql", "lib.rs", false),
            ("upgrade.sql", "upgrade.sql", true),
            ("upgrade.sql", "upgrade.sql2", false),
            ("*", "anything", true),
            ("up*.s*l", "upgrade.sql", true),
            ("up*grade*sql", "upgrade.sql", true),
            ("*grade*grade*", "upgrade.sql", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    fn shell(script: &str, timeout: Duration) -> Result<(), (String, String)> {
        run_one(
            Path::new("/"),
            &["sh".to_owned(), "-c".to_owned(), script.to_owned()],
            timeout,
        )
    }

    #[test]
    fn a_hook_that_fails_shows_its_output() {
        assert_eq!(shell("true", Duration::from_secs(9)), Ok(()));
        let (reason, output) = shell("echo one; echo two >&2; exit 3", Duration::from_secs(9)).unwrap_err();
        assert_eq!(reason, "it ended with exit status: 3");
        let mut lines: Vec<&str> = output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "two"]);
        let (reason, _) = run_one(Path::new("/"), &["/no/such".to_owned()], Duration::from_secs(9)).unwrap_err();
        assert!(reason.starts_with("/no/such cannot be run: "), "{reason}");
    }

    #[test]
    fn a_hook_is_bounded() {
        let start = Instant::now();
        // A process that it starts keeps the pipe open.
        let (reason, output) = shell("echo begun; sleep 30 & sleep 30", Duration::from_millis(200)).unwrap_err();
        assert_eq!(
            (reason.as_str(), output.as_str()),
            ("it did not finish within 0.2 s", "begun")
        );
        assert!(start.elapsed() < Duration::from_secs(10));
        let (_, output) = shell("head -c 100000 /dev/zero | tr '\\0' x; exit 1", Duration::from_secs(20)).unwrap_err();
        assert_eq!(output.len(), MAX_OUTPUT);
    }
}
