//! The sites that an account can see, for errors about a site that it cannot see.

use salto::SiteInfo;

/// The number of sites that are named; the others are counted.
const NAMED: usize = 5;

/// The visible sites as text; `sites` is nothing where Salto did not answer.
pub fn visible_sites(account: &str, sites: Option<&[SiteInfo]>) -> String {
    match sites {
        None => format!("the sites that {account} can see are not known"),
        Some([]) => format!("{account} can see no site"),
        Some(sites) => {
            let names: Vec<String> = sites.iter().take(NAMED).map(site_text).collect();
            let more = match sites.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{account} can see {}{more}", names.join(", "))
        }
    }
}

fn site_text(site: &SiteInfo) -> String {
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
            serde_json::from_str::<SiteInfo>(&site.to_string()).unwrap()
        };
        let sites: Vec<SiteInfo> = (1..=7).map(site).collect();
        assert_eq!(visible_sites("it", Some(&sites[..1])), "it can see NL1 (Inn)");
        assert!(visible_sites("it", Some(&sites)).ends_with("NL5 (Inn) and 2 more"));
        assert_eq!(visible_sites("it", Some(&[])), "it can see no site");
        assert_eq!(visible_sites("it", None), "the sites that it can see are not known");
    }
}
