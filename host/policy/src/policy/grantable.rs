//! How the resource of a request is written in what would allow it.

use crate::{
    action::ResourceType,
    pattern::{ResourcePattern, escape},
    request::Request,
    text::quoted,
};

/// A resource as it is written to be granted. In the order of the patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grantable {
    pub(super) pattern: String,
    /// Why it stands for more than the resource, where it does and need not.
    pub(super) reason: Option<&'static str>,
}

const ANY_ACCOUNT: &str = "the account is that of the fake";

/// The pattern of exactly the resource of a request, such that a statement with it and the action is accepted and allows the request;
/// or why there is none. In place of the account `stand_in`, which plain names of queues and functions belong to here and nowhere
/// else, it has a `*`.
pub(super) fn grantable(request: &Request<'_>, stand_in: Option<&str>) -> Result<Grantable, String> {
    let kind = request.action.resource_type();
    let fits = |fit: bool| {
        let (action, form) = (quoted(request.action.as_str()), kind.form());
        fit.then_some(()).ok_or_else(|| format!("{action} is about {form}"))
    };
    let is_of_service = request.resource.service() == request.action.service();
    if kind == ResourceType::All {
        fits(is_of_service && request.resource.is_all())?;
        return Ok(Grantable { pattern: "*".to_owned(), reason: None });
    }
    // The star of all resources is no name that anything could have.
    fits(is_of_service && !request.resource.is_all())?;
    let is_by_name = matches!(kind, ResourceType::Queue | ResourceType::Function);
    let is_stand_in = is_by_name && stand_in.is_some() && request.resource.account() == stand_in;
    let account = is_stand_in.then_some("*");
    let pattern = request.resource.pattern(account, escape);
    let parsed = ResourcePattern::parse(&pattern).map_err(|error| error.to_string())?;
    fits(parsed.types().contains(kind))?;
    Ok(Grantable { pattern, reason: account.map(|_| ANY_ACCOUNT) })
}
