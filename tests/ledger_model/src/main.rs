//! The deep check. It prints what each run found, and fails where a property of the present rules does not
//! hold, or where the checker finds nothing in earlier rules.

use std::process::ExitCode;

use ledger_model::{
    check::{check, shortest_counterexample},
    rule_set::RuleSet,
    runs::{deep, earlier},
};

fn main() -> ExitCode {
    let (mut states, mut failed) = (0, false);
    for run in deep() {
        let found = check(run.setup);
        states += found.unique_states;
        let seconds = found.took.as_secs();
        println!(
            "{}: {} states, depth {}, {seconds} s",
            run.name, found.unique_states, found.depth
        );
        for counterexample in found.counterexamples {
            if run.excepted.contains(&counterexample.property) {
                println!("  excepted: {}", counterexample.property);
            } else {
                failed = true;
                println!("  BROKEN: {}\n    {:?}", counterexample.property, counterexample.history);
            }
        }
    }
    println!("the present rules: {states} states\n");
    for rules in RuleSet::EARLIER {
        let run = earlier(rules);
        let found = shortest_counterexample(&run);
        let broken = found.counterexamples.iter().find(|it| it.property == run.property);
        failed |= broken.is_none();
        let history = broken.map(|it| &it.history);
        println!(
            "{rules:?}: {} states, breaks: {}\n  {history:?}",
            found.unique_states, run.property
        );
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
