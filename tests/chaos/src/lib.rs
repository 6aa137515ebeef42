//! Whether the contract holds when everything around postern fails.

pub mod checker;
pub mod collect;
pub mod hand;
pub mod history;
pub mod load;
pub mod nemesis;
pub mod proxy;
pub mod run;
pub mod stage;
pub mod stored;
pub mod town;
pub mod voice;
