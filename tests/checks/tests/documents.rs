//! Links in documents lead to files and headings that exist, and paths that they name exist.

use checks::documents::broken_links;
use checks::workspace_root;

#[test]
fn links_and_paths_lead_somewhere() {
    let broken = broken_links(&workspace_root());
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}
