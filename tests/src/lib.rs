//! What the end-to-end tests share. The tests themselves are in `tests/tests/suite/`, a module for each subject.

pub mod alembic;
pub mod guests;
pub mod hostile;
pub mod project;
pub mod robust;
pub mod schema;
pub mod tutorial;

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};

/// True where slow suites are run whole (`./x test --all`); otherwise a part of each stands for it.
pub fn whole() -> bool {
    std::env::var_os("MIGHOST_TEST_ALL").is_some()
}

/// What random tests draw from: `MIGHOST_TEST_SEED`, or a new number each time. It is printed, so that a failure can be repeated.
///
/// # Panics
/// The variable holds no number.
pub fn seed() -> u64 {
    let seed = match std::env::var("MIGHOST_TEST_SEED") {
        Ok(text) => text.parse().expect("MIGHOST_TEST_SEED is a number"),
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    println!("MIGHOST_TEST_SEED={seed}");
    seed
}

/// The `number`th draw from `seed`: a number below `bound`.
pub fn random(seed: u64, number: usize, bound: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, number).hash(&mut hasher);
    hasher.finish() % bound.max(1)
}
