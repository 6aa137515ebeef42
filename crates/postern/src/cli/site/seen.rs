//! Which sites an account sees, for whoever has named another.

use salto::SiteInfo;

/// So many are named.
const NAMED: usize = 5;

/// In words; nothing where it could not be asked.
pub(in crate::cli) fn seen(who: &str, sites: Option<&[SiteInfo]>) -> String {
    match sites {
        None => format!("which sites {who} sees is not known"),
        Some([]) => format!("{who} sees no site at all"),
        Some(sites) => {
            let names: Vec<String> = sites.iter().take(NAMED).map(shown).collect();
            let more = match sites.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{who} sees {}{more}", names.join(", "))
        }
    }
}

fn shown(site: &SiteInfo) -> String {
    let uid = site.site_uid.as_deref().unwrap_or("no UID");
    format!("{uid} ({})", site.customer_reference.as_deref().unwrap_or("no name"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let site = |uid: usize| {
            let id = uuid::Uuid::from_u128(1);
            let uid = format!("NL{uid}");
            let site = json!({"id": id, "site_uid": uid, "customer_reference": "Inn"});
            serde_json::from_value::<SiteInfo>(site).unwrap()
        };
        let sites: Vec<SiteInfo> = (1..=7).map(site).collect();
        assert_eq!(seen("it", Some(&sites[..1])), "it sees NL1 (Inn)");
        assert!(seen("it", Some(&sites)).ends_with("NL5 (Inn) and 2 more"));
        assert_eq!(seen("it", Some(&[])), "it sees no site at all");
        assert_eq!(seen("it", None), "which sites it sees is not known");
    }
}
