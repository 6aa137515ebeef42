//! The whole road from i-Reserve's checklist to an open door, typed as a person would type it; and whatever can go
//! wrong on it, with the message that the person sees.
//!
//! [`story`] is the road itself. The others are where one stumbles, in the road's order; what other tests of this
//! folder's neighbours assert already is not repeated here.

mod activation;
mod configuration;
mod door;
mod person;
mod servers;
mod sign_in;
mod site;
mod story;
