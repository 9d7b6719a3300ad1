//! Records the messages and calls of guests in one case.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::coverage::Item;
use mighost_core::{Event, Level, Reporter};

/// The number of messages of a case that are kept.
const MAX_MESSAGES: usize = 1000;

/// The recorded events.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Messages for the user.
    pub messages: Vec<String>,
    /// The functions that ran.
    pub items: BTreeSet<Item>,
}

#[derive(Default)]
pub(super) struct Listener(Mutex<Heard>);

impl Listener {
    pub fn heard(&self) -> Heard {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn ran(&self, item: Item) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.items.insert(item);
    }
}

impl Reporter for Listener {
    fn report(&self, event: Event) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::GuestMessage { level, text, .. } if heard.messages.len() < MAX_MESSAGES => {
                heard.messages.push(match level {
                    Level::Debug => format!("debug: {text}"),
                    Level::Info => text,
                    Level::Warn => format!("warning: {text}"),
                });
            }
            Event::ServerNotice { severity, message } if heard.messages.len() < MAX_MESSAGES => {
                heard.messages.push(format!("{}: {message}", severity.to_lowercase()));
            }
            other => heard.items.extend(Item::of_event(other)),
        }
    }
}
