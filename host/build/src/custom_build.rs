//! `build = "command"`: settings of a folder that the author's program builds.

use std::path::{Component, Path, PathBuf};

use crate::driver::Driver;
use crate::error::BuildError;

/// The build of such a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandBuild {
    /// The program: a name on the PATH, or a path below the folder.
    pub program: String,
    pub arguments: Vec<String>,
    /// The output file of the program, below the folder.
    pub output: PathBuf,
}

impl CommandBuild {
    /// The settings `build`, `command` and `output` in `manifest`; `None` if another driver builds the folder.
    ///
    /// # Errors
    /// If one of the three is given without the others, or the output could be mistaken for a source.
    pub fn read(
        manifest: &Path,
        build: Option<Driver>,
        command: Option<Vec<String>>,
        output: Option<String>,
    ) -> Result<Option<Self>, BuildError> {
        let wrong = |text: &str| BuildError::Source {
            path: manifest.to_owned(),
            text: text.to_owned(),
        };
        if build != Some(Driver::Command) {
            return match command.is_none() && output.is_none() {
                true => Ok(None),
                false => Err(wrong("`command` and `output` are only valid with build = \"command\"")),
            };
        }
        let mut words = command.unwrap_or_default().into_iter();
        let (Some(program), Some(output)) = (words.next().filter(|word| !word.is_empty()), output) else {
            return Err(wrong(
                "build = \"command\" needs the program to run and the file that it writes, e.g. command = [\"make\", \
                 \"x.wasm\"] and output = \"x.wasm\"",
            ));
        };
        let output = PathBuf::from(output);
        let below = output.components().all(|part| matches!(part, Component::Normal(_)));
        // Builds' own `.wasm` files do not count as sources.
        if !below || output.starts_with("assets") || output.extension().is_none_or(|ending| ending != "wasm") {
            return Err(wrong(
                "`output` must be a .wasm file below the folder and outside assets",
            ));
        }
        Ok(Some(Self {
            program,
            arguments: words.collect(),
            output,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(build: Option<Driver>, command: &[&str], output: Option<&str>) -> Result<Option<CommandBuild>, String> {
        let command = command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let command = Some(command).filter(|command| !command.is_empty());
        CommandBuild::read(Path::new("m"), build, command, output.map(str::to_owned)).map_err(|error| error.to_string())
    }

    #[test]
    fn all_three_or_none() {
        let whole = read(Some(Driver::Command), &["make", "all"], Some("out/x.wasm"))
            .unwrap()
            .unwrap();
        assert_eq!(
            (whole.program.as_str(), whole.arguments.as_slice()),
            ("make", &["all".to_owned()][..])
        );
        assert_eq!(read(None, &[], None), Ok(None));
        assert_eq!(read(Some(Driver::C), &[], None), Ok(None));
        for (build, command, output) in [
            (None, &["make"][..], Some("x.wasm")),
            (Some(Driver::C), &[], Some("x.wasm")),
            (Some(Driver::Command), &[], Some("x.wasm")),
            (Some(Driver::Command), &[""], Some("x.wasm")),
            (Some(Driver::Command), &["make"], None),
        ] {
            assert!(
                read(build, command, output).is_err(),
                "{build:?} {command:?} {output:?}"
            );
        }
    }

    #[test]
    fn the_output_is_below_the_folder_and_no_source() {
        for output in [
            "x",
            "/x.wasm",
            "../x.wasm",
            "a/../x.wasm",
            "./x.wasm",
            "assets/x.wasm",
            "",
        ] {
            assert!(
                read(Some(Driver::Command), &["make"], Some(output)).is_err(),
                "{output}"
            );
        }
    }
}
