//! Replaces an object by dropping and creating it. Its dependants, privileges and settings are kept.

use crate::dependants::{self, Target};
use crate::options::{Index, Options};
use crate::session::Session;

/// An object to be dropped and created again.
pub struct Rebuild<'a> {
    /// The existing object.
    pub target: Target,
    /// The statement that drops it.
    pub drop: String,
    /// The statements that create its new version, without comments and indexes.
    pub create: String,
    /// The options of the old version.
    pub old: &'a Options,
    /// The options of the new version.
    pub new: &'a Options,
}

impl Rebuild<'_> {
    /// Drops and creates the object. Nothing is dropped if something could not be restored.
    pub fn run(self, session: &dyn Session) -> Result<(), String> {
        let mut saved = dependants::save(session, &self.target)?;
        let name = |index: &Index| index.name.clone();
        let declared: Vec<String> = self.old.indexes.iter().chain(&self.new.indexes).map(name).collect();
        let kept: Vec<String> = self
            .new
            .indexes
            .iter()
            .filter(|index| self.old.indexes.contains(index))
            .map(name)
            .collect();
        saved.forget_indexes(&declared, &kept);
        saved.drop_all(session);
        session.execute(&self.drop);
        session.execute(&self.create);
        saved.restore_attributes(session, &self.target, |attribute| match attribute.what.as_str() {
            // The comments and indexes that a version declares are dropped with it.
            "comment" => self.old.comment.is_none() && self.new.comment.is_none(),
            "column-comment" => {
                let declared = self.old.column_comments.iter().chain(&self.new.column_comments);
                declared
                    .into_iter()
                    .all(|(name, _)| Some(name) != attribute.column.as_ref())
            }
            _ => true,
        });
        for statement in self.new.statements(self.target.word, &self.target.identity) {
            session.execute(&statement);
        }
        dependants::attach(session, &saved.definitions, &saved.computations)
    }
}
