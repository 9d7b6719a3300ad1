//! Both streams together.

use std::io::Write;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;

use super::*;
use mighost_core::{Blame, Direction, ExitKind};

/// A buffer that both sides hold.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn output(options: Options, terminal: bool) -> (Output, Buffer, Buffer) {
    let (out, err) = (Buffer::default(), Buffer::default());
    let stream = Stream {
        terminal,
        ..Stream::plain(err.clone())
    };
    (Output::new(options, 80, stream, Stream::plain(out.clone())), out, err)
}

fn started() -> Event {
    Event::StepStarted {
        direction: Direction::Upgrade,
        revision: "a1b2c3".to_owned(),
        message: "stations".to_owned(),
        number: 1,
        of: 1,
    }
}

#[test]
fn data_and_the_rest_are_apart() {
    let (output, out, err) = output(Options::default(), false);
    output.report(started());
    output.print("a line").unwrap();
    output.print("").unwrap();
    output.print("two\nlines\n").unwrap();
    output.note("a\tnote\x1b");
    output.json(&"nothing").unwrap();
    assert_eq!(out.text(), "a line\ntwo\nlines\n");
    assert_eq!(err.text(), "a    note\\u{1b}\n");
}

#[test]
fn json_is_one_document() {
    let options = Options {
        json: true,
        ..Options::default()
    };
    let (output, out, err) = output(options, false);
    output.print("a line").unwrap();
    output.diagnostic(&Diagnostic::new(Blame::Operator, ExitKind::Config, "no file").hint("write one"));
    let document: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(
        (&document["error"]["what"], &document["exit_code"]),
        (&"no file".into(), &3.into())
    );
    assert!(err.text().starts_with("error: no file\n"));
}

#[test]
fn the_live_line_makes_room() {
    let (output, out, err) = output(Options::default(), true);
    output.report(started());
    output.print("data").unwrap();
    output.report(Event::Operation {
        name: "x:y/z@1.0.0#op".into(),
    });
    output.draw_live();
    output.diagnostic(&Diagnostic::new(Blame::Guest, ExitKind::Guest, "it trapped"));
    output.draw_live();
    drop(output);
    // The times differ from run to run.
    let text = (1..1000)
        .rev()
        .fold(err.text(), |text, ms| text.replace(&format!("({ms} ms)"), "(0 ms)"));
    let shown = text.replace('\r', "<CR>").replace("\x1b[K", "<EL>");
    assert_snapshot!(shown, @r"
    <CR>[1/1] upgrade a1b2c3 stations (0 ms)<EL><CR><EL><CR>[1/1] upgrade a1b2c3 stations: z.op (0 ms)<EL><CR><EL>error: it trapped
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_eq!(out.text(), "data\n");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let output = Output::new(Options::default(), 80, Stream::plain(Broken), Stream::plain(Broken));
    output.print("x").unwrap();
    output.note("x");
}
