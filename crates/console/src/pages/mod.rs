//! The pages, made on the server. Forms work without the script, which adds live parts and local times.

pub(crate) mod access_test;
pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod dead_letters;
mod dead_letters_table;
mod decisions;
pub(crate) mod doors;
mod forms;
pub(crate) mod integration;
pub(crate) mod integration_edit;
mod integration_form;
mod iq_forms;
pub(crate) mod iqs;
pub(crate) mod jobs;
pub(crate) mod layout;
pub(crate) mod locks;
mod next_steps;
pub(crate) mod overview;
pub(crate) mod problem_page;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod sign_in;
pub(crate) mod texts;
mod timeline;
