//! What an expression of Prometheus names: metrics, labels and their values. This reads names; that the expression is valid,
//! Prometheus itself says.

use std::collections::BTreeSet;

/// A metric, and what it is selected by.
#[derive(Debug, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    pub matchers: Vec<Matcher>,
}

/// A label, and the values between the `|` of its pattern.
#[derive(Debug, PartialEq, Eq)]
pub struct Matcher {
    pub label: String,
    pub values: Vec<String>,
}

/// The metrics of an expression: postern's own, and `up` and `ALERTS`, which are Prometheus' own.
#[must_use]
pub fn selectors(expr: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    let mut rest = expr;
    while let Some(start) = rest.find(is_name) {
        // A quoted text before the next name is no part of the expression.
        if let Some(quote) = rest[..start].find('"') {
            rest = after_quoted(&rest[quote..]);
            continue;
        }
        let end = rest[start..].find(|it| !is_name(it)).map_or(rest.len(), |end| start + end);
        let (name, after) = (&rest[start..end], &rest[end..]);
        rest = after;
        if let Some(braces) = after.strip_prefix('{') {
            let (matchers, after) = matchers(braces);
            rest = after;
            found.push(Selector { metric: name.to_owned(), matchers });
        } else if name.starts_with("postern_") || name == "up" || name == "ALERTS" {
            found.push(Selector { metric: name.to_owned(), matchers: Vec::new() });
        }
    }
    found
}

/// The labels that results are grouped or matched by.
#[must_use]
pub fn grouping_labels(expr: &str) -> BTreeSet<String> {
    let lists = ["by (", "on (", "without (", "ignoring ("];
    let of = |list| expr.split(list).skip(1).filter_map(|rest| rest.split(')').next());
    let labels = lists.into_iter().flat_map(of).flat_map(|labels| labels.split(','));
    labels.map(|label| label.trim().to_owned()).collect()
}

fn is_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

/// What follows the quoted text that `text` begins with.
fn after_quoted(text: &str) -> &str {
    text[1..].split_once('"').map_or("", |(_, after)| after)
}

/// The matchers up to the closing brace, and what follows it.
fn matchers(mut rest: &str) -> (Vec<Matcher>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',', '\n']);
        if let Some(after) = rest.strip_prefix('}') {
            return (found, after);
        }
        let (label, after) = rest.split_once(['=', '!']).unwrap_or((rest, ""));
        let (values, after) = after
            .split_once('"')
            .and_then(|(_, quoted)| quoted.split_once('"'))
            .unwrap_or_else(|| panic!("a label without a value: {rest}"));
        let values = values.split('|').map(str::to_owned).collect();
        found.push(Matcher { label: label.trim().to_owned(), values });
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_labels_and_values_are_found() {
        let expr = r#"60 * sum by (job, le) (rate(postern_a_total{reason!~"x|y", job="$job"}[5m]))
            and on (instance) up == 1 or label_replace(postern_b, "c", "postern_d", "", "")"#;
        let matcher = |label: &str, values: &[&str]| Matcher {
            label: label.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        let selector = |metric: &str, matchers| Selector { metric: metric.to_owned(), matchers };
        let expected = [
            selector(
                "postern_a_total",
                vec![matcher("reason", &["x", "y"]), matcher("job", &["$job"])],
            ),
            selector("up", Vec::new()),
            selector("postern_b", Vec::new()),
        ];
        assert_eq!(selectors(expr), expected);
        let labels = ["instance", "job", "le"].map(str::to_owned);
        assert_eq!(grouping_labels(expr), BTreeSet::from(labels));
    }
}
