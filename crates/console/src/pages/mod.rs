//! The pages, made on the server. Forms work without the script, which adds live parts and local times.

pub(crate) mod assets;
pub(crate) mod layout;
pub(crate) mod overview;
pub(crate) mod problem_page;
pub(crate) mod sign_in;
pub(crate) mod texts;
