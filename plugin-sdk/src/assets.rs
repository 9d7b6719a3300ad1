//! The files of the guest's own artifact, such as seed data and scripts. They are in the folder `assets/` beside the code.

use crate::bindings::mighost::host::assets as host;

/// The names of all assets, sorted.
pub fn names() -> Vec<String> {
    host::names()
}

/// The file `name`, byte for byte; `None` if the artifact has no such asset.
pub fn read(name: &str) -> Option<Vec<u8>> {
    host::read(name)
}

/// The asset `name` as text.
///
/// # Panics
/// If the artifact has no such asset, or it is not UTF-8 text. The message names the asset.
pub fn text(name: &str) -> String {
    let Some(bytes) = read(name) else {
        panic!("the artifact has no asset {name:?}; it has {:?}", names());
    };
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => panic!("the asset {name:?} is not UTF-8: {}", error.utf8_error()),
    }
}
