//! Bounded runs of the checker; `make model` makes deep ones.

use ledger_model::{
    check::{check, shortest_counterexample},
    rule_set::RuleSet,
    runs::{bounded, earlier},
};

#[test]
fn the_present_rules_keep_the_contract() {
    for run in bounded() {
        let found = check(run.setup);
        println!("{}: {} states, {:?}", run.name, found.unique_states, found.took);
        for counterexample in &found.counterexamples {
            let excepted = run.excepted.contains(&counterexample.property);
            assert!(excepted, "{}: {counterexample:#?}", run.name);
        }
        assert!(found.never.is_empty(), "{}: never: {:?}", run.name, found.never);
    }
}

#[test]
fn each_earlier_rule_breaks_the_contract() {
    // The last one takes longer: `make model` has it.
    for rules in RuleSet::EARLIER.into_iter().filter(|it| *it != RuleSet::OutcomeWithoutDoubts) {
        let run = earlier(rules);
        let found = shortest_counterexample(&run);
        let broken = found.counterexamples.iter().find(|it| it.property == run.property);
        let broken = broken.unwrap_or_else(|| panic!("{rules:?} keeps: {}", run.property));
        println!("{rules:?}: {}\n  {:?}", broken.property, broken.history);
    }
}
