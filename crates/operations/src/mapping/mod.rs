//! The mapping of objects to locks, compared with the locks and IQs of the site.

mod analysis;
mod check;
mod finding;

pub use analysis::analyse;
pub use check::check_mapping;
pub use finding::{MappingFinding, MappingFindingKind, Severity};
