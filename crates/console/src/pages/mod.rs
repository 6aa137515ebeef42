//! The pages, made on the server. Forms work without the script, which adds live parts and local times.

pub(crate) mod assets;
pub(crate) mod audit;
mod decisions;
pub(crate) mod doors;
pub(crate) mod integration;
pub(crate) mod integration_edit;
mod integration_form;
pub(crate) mod layout;
pub(crate) mod overview;
pub(crate) mod problem_page;
pub(crate) mod requests;
pub(crate) mod sign_in;
pub(crate) mod texts;
