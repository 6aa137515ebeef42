//! Whole dead letters, one by one, changing nothing.

use lapin::Connection;

use super::{
    access::DeadLetters,
    connection,
    document::LetterDocument,
    search::Search,
    selection::{Criteria, LetterFilters},
};
use crate::OperationError;

/// An export of dead letters, which is connected to the broker.
pub struct Export<'a> {
    letters: DeadLetters<'a>,
    connection: Connection,
}

impl<'a> Export<'a> {
    /// Connects.
    ///
    /// # Errors
    /// The broker does not answer, or has no dead letters.
    pub async fn open(letters: DeadLetters<'a>) -> Result<Self, OperationError> {
        let connection = connection::open(letters.config).await?;
        Ok(Self { letters, connection })
    }

    /// Passes each letter that matches to `write` as it is read, so that bodies are not kept in memory. Returns their
    /// number.
    ///
    /// # Errors
    /// The value of a filter is not known, the broker does not answer, or the error of `write`.
    pub async fn write_each<E: From<OperationError>>(
        self,
        filters: LetterFilters,
        mut write: impl FnMut(&LetterDocument) -> Result<(), E>,
    ) -> Result<u64, E> {
        let criteria = Criteria::Matching(filters);
        let search = Search::begin(&self.connection, self.letters, &criteria).await;
        let mut search = search.map_err(OperationError::from)?;
        let mut count = 0;
        while let Some(found) = search.next().await.map_err(OperationError::from)? {
            write(&found.into_document())?;
            count += 1;
        }
        search.end().await?;
        let _ = self.connection.close(200, "done".into()).await;
        Ok(count)
    }
}
