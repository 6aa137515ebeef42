//! The IQ that an operation is about.

use anyhow::Context;
use salto::IqInfo;

use crate::{
    OperationError,
    connections::{redis_durability, site_access::SiteAccess},
};

/// An IQ of the integration's site.
pub struct TargetIq<'a> {
    /// The id of the integration.
    pub integration_id: &'a str,
    /// The access to its site.
    pub access: SiteAccess<'a>,
    /// Its id as Salto spells it: workers look its secret up by this spelling.
    pub iq: String,
    /// Its name at Salto.
    pub iq_name: Option<String>,
}

impl<'a> TargetIq<'a> {
    /// Finds the IQ at Salto: the one with this id or, where none has it, the only one with this name.
    ///
    /// # Errors
    /// There is none, or Salto does not list them.
    pub async fn find(access: SiteAccess<'a>, wanted: &str) -> Result<Self, OperationError> {
        let iqs = access
            .with_advice(access.site.iqs().await)
            .await
            .context("the site's IQs cannot be read")?;
        let found = find_iq(iqs, wanted).map_err(OperationError::NotFound)?;
        let IqInfo { id, customer_reference, .. } = found;
        let integration_id = access.integration.rules.id.as_str();
        Ok(TargetIq { integration_id, access, iq: id, iq_name: customer_reference })
    }

    /// As [`Self::find`], for operations that store what Salto gives out only once: warns where Redis
    /// could lose it.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub async fn find_to_store(
        access: SiteAccess<'a>,
        wanted: &str,
    ) -> Result<Self, OperationError> {
        redis_durability::warn_if_not_durable(&access.redis, access.observer).await;
        Self::find(access, wanted).await
    }
}

/// The IQ with this id or, where none has it, the only one with this name.
fn find_iq(mut iqs: Vec<IqInfo>, wanted: &str) -> Result<IqInfo, String> {
    let named = |iq: &IqInfo| iq.customer_reference.as_deref() == Some(wanted);
    let by_id = iqs.iter().position(|iq| iq.id.eq_ignore_ascii_case(wanted));
    let count = iqs.iter().filter(|iq| named(iq)).count();
    if let Some(found) = by_id.or_else(|| iqs.iter().position(named).filter(|_| count == 1)) {
        return Ok(iqs.swap_remove(found));
    }
    let name = |iq: &IqInfo| iq.customer_reference.clone().unwrap_or("no name".to_owned());
    let existing: Vec<_> = iqs.iter().map(|iq| format!("{} ({})", iq.id, name(iq))).collect();
    let existing = existing.join(", ");
    Err(match (iqs.len(), count) {
        (0, _) => "the site has no IQ; add one to it in Salto".to_owned(),
        (_, 0) => format!("the site has no IQ {wanted:?}; give one of these ids: {existing}"),
        (_, _) => format!("{count} IQs are named {wanted:?}; give one of these ids: {existing}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iq_is_found_by_its_id_or_by_a_unique_name() {
        let iqs = || -> Vec<IqInfo> {
            let iq =
                |id, name: Option<&str>| serde_json::json!({"id": id, "customer_reference": name});
            let iqs = [
                iq("Q1", Some("Cellar")),
                iq("Q2", Some("Roof")),
                iq("Q3", Some("Roof")),
                iq("Q4", Some("Q1")),
                iq("Q5", None),
            ];
            iqs.into_iter().map(|iq| serde_json::from_str(&iq.to_string()).unwrap()).collect()
        };
        let found = |wanted| find_iq(iqs(), wanted).map(|iq| iq.id);
        assert_eq!(found("q2").as_deref(), Ok("Q2"));
        assert_eq!(found("Cellar").as_deref(), Ok("Q1"));
        assert_eq!(found("Q1").as_deref(), Ok("Q1"), "an id comes before a name");
        let error = found("Roof").unwrap_err();
        assert!(error.starts_with("2 IQs are named \"Roof\"; give one of these ids: "), "{error}");
        let error = found("Attic").unwrap_err();
        assert!(error.contains("Q5 (no name)"), "{error}");
        assert!(find_iq(Vec::new(), "Q1").unwrap_err().contains("no IQ; add one"));
    }
}
