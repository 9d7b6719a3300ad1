//! The long way to replace an object: drop it and create it, with what depends on it and what it carries kept.

use crate::dependants::{self, Target};
use crate::options::{Index, Options};
use crate::session::Session;

/// An object to be dropped and created again.
pub struct Rebuild<'a> {
    /// The object that is there.
    pub target: Target,
    /// The statement that drops it.
    pub drop: String,
    /// The statements that create its new version, without comments and indexes.
    pub create: String,
    /// What the old version declared.
    pub old: &'a Options,
    /// What the new version declares.
    pub new: &'a Options,
}

impl Rebuild<'_> {
    /// Does it. Nothing is dropped where something could not be put back.
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
            // What a version declares goes with it.
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
