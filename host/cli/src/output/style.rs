//! Colours, if they are enabled.

use anstyle::{AnsiColor, Color, Style};

use mighost_config::Environment;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// In a terminal, unless `NO_COLOR` is set; elsewhere with `CLICOLOR_FORCE`.
    #[default]
    Auto,
    Always,
    Never,
}

/// The styles of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Styles {
    enabled: bool,
}

impl Styles {
    /// No styles at all.
    pub fn plain() -> Self {
        Self { enabled: false }
    }

    /// The styles according to `choice` and the environment; an explicit choice on the command line takes precedence.
    pub fn for_stream(choice: ColorChoice, environment: &Environment, terminal: bool) -> Self {
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let forced = environment
            .get("CLICOLOR_FORCE")
            .is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
        let enabled = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !set("NO_COLOR") && (forced || (terminal && !dumb)),
        };
        Self { enabled }
    }

    pub fn bold(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    pub fn error(self, text: &str) -> String {
        self.paint(color(AnsiColor::Red).bold(), text)
    }

    pub fn warning(self, text: &str) -> String {
        self.paint(color(AnsiColor::Yellow).bold(), text)
    }

    pub fn good(self, text: &str) -> String {
        self.paint(color(AnsiColor::Green), text)
    }

    /// Names that can be typed: revisions, labels.
    pub fn name(self, text: &str) -> String {
        self.paint(color(AnsiColor::Cyan), text)
    }

    fn paint(self, style: Style, text: &str) -> String {
        match self.enabled {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(color)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_there_are_colours() {
        let env = |pairs: &[(&str, &str)]| -> Environment {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let enabled = |choice, pairs, terminal| Styles::for_stream(choice, &env(pairs), terminal).enabled;
        use ColorChoice::{Always, Auto, Never};
        assert!(enabled(Auto, &[], true));
        assert!(!enabled(Auto, &[], false));
        assert!(!enabled(Auto, &[("NO_COLOR", "1")], true));
        assert!(enabled(Auto, &[("NO_COLOR", "")], true), "empty counts as unset");
        assert!(!enabled(Auto, &[("TERM", "dumb")], true));
        assert!(enabled(Auto, &[("CLICOLOR_FORCE", "1")], false));
        assert!(!enabled(Auto, &[("CLICOLOR_FORCE", "0")], false));
        assert!(!enabled(Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(enabled(Always, &[("NO_COLOR", "1")], false));
        assert!(!enabled(Never, &[("CLICOLOR_FORCE", "1")], true));
    }

    #[test]
    fn painting() {
        assert_eq!(Styles { enabled: true }.error("x"), "\u{1b}[1m\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Styles::plain().error("x"), "x");
    }
}
