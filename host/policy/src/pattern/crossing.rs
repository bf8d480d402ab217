//! Patterns that stand for more than their fields say.
//!
//! In IAM a `*` at the end of a field of an ARN runs on over colons. No name of a queue or function has room for what follows, but the
//! key of an object has: `arn:aws:s3:*:123456789012:accesspoint/photos/object/*` also stands for the object
//! `arn:aws:s3:::other/x:123456789012:accesspoint/photos/object/y`, of another bucket. This host decides as IAM does, and tells.

use super::{Glob, ResourcePattern, Scope, VariableError};
use crate::arn::Fields;

/// What a pattern stands for beside what it seems to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crossing {
    /// Of what other things the objects are: `buckets` or `access points`.
    pub(crate) of: &'static str,
    /// What the keys of those objects have in them.
    pub(crate) key: String,
    /// A pattern that stands for what this one seems to, if there is one.
    pub(crate) instead: Option<String>,
}

/// How the star at the end of a field is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    /// As one that stays in its field.
    Stays,
    /// As one that runs on over one colon at least, if it is the star of the field of this number.
    Crosses(usize),
}

/// Whether a pattern stands for objects whose key has colons in it, because a star runs on into the key.
pub(crate) fn crossing(text: &str) -> Option<Crossing> {
    let fields = Fields::split(text).ok()?;
    let places = [fields.partition, fields.service, fields.region, fields.account];
    let meant = compile(places, fields.resource, Star::Stays).ok()?;
    for (number, _) in places.iter().enumerate().filter(|(_, place)| place.ends_with('*')) {
        let crossing = compile(places, fields.resource, Star::Crosses(number)).ok()?;
        // In the fields up to the star the pattern stands for nothing else than it says.
        let region = if number == 0 { "*" } else { fields.region };
        let buckets = compile([fields.partition, "s3", "", ""], "", Star::Stays).ok()?;
        let points = compile([fields.partition, "s3", region, "*"], "accesspoint/", Star::Stays).ok()?;
        for (of, object) in
            [("buckets", inside(buckets, "/")?), ("access points", inside(points, "/object/")?)]
        {
            if crossing.overlaps(&object) && !meant.covers(&object) {
                let behind = places.get(number + 1..).unwrap_or_default().iter().chain([&fields.resource]);
                let behind = behind.fold(String::new(), |text, field| text + ":" + field);
                let end = behind.find(['*', '?', '$']).unwrap_or(behind.len());
                let key = behind.get(..end).unwrap_or_default().to_owned();
                return Some(Crossing { of, key, instead: instead(&fields) });
            }
        }
    }
    None
}

/// The pattern of four fields and the last one.
fn compile(places: [&str; 4], resource: &str, star: Star) -> Result<Glob, VariableError> {
    let mut glob = Glob::default();
    glob.push_literal("arn");
    for (number, place) in places.into_iter().enumerate() {
        glob.push_literal(":");
        match place.strip_suffix('*') {
            Some(before) if star == Star::Crosses(number) => {
                glob.push(before, Scope::Field, Scope::Field)?;
                glob.push("*:*", Scope::Text, Scope::Text)?;
            }
            _ => glob.push(place, Scope::Field, Scope::Field)?,
        }
    }
    glob.push_literal(":");
    glob.push(resource, Scope::Text, Scope::Text)?;
    Ok(glob)
}

/// All objects in what the pattern begins to name.
fn inside(mut glob: Glob, separator: &str) -> Option<Glob> {
    glob.push("*", Scope::Field, Scope::Field).ok()?;
    glob.push_literal(separator);
    glob.push("*", Scope::Text, Scope::Text).ok()?;
    Some(glob)
}

/// The pattern with wildcards that stay in their fields: of a region, which ends with a digit behind a dash, and of an account,
/// which has twelve digits. `?` never runs over a colon.
fn instead(fields: &Fields<'_>) -> Option<String> {
    let partition = if fields.partition.ends_with('*') { "aws" } else { fields.partition };
    let region = match fields.region {
        region if region.ends_with("-*") => format!("{}?", region.strip_suffix('*')?),
        region if region.ends_with('*') => format!("{region}-?"),
        region => region.to_owned(),
    };
    let account = match fields.account.strip_suffix('*') {
        Some(start) if !start.contains(['*', '$']) => format!("{start:?<12}"),
        Some(_) => return None,
        None => fields.account.to_owned(),
    };
    let text = format!("arn:{partition}:{}:{region}:{account}:{}", fields.service, fields.resource);
    // Without a star at the end of a field nothing runs on.
    let stays = ![partition, &region, &account].iter().any(|field| field.ends_with('*'));
    (stays && ResourcePattern::parse(&text).is_ok()).then_some(text)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::{arn::Arn, request::Resource};

    fn matches(pattern: &str, arn: &str) -> bool {
        let arn: Arn = arn.parse().unwrap();
        ResourcePattern::parse(pattern).unwrap().matches(&Resource::from_arn(&arn).unwrap().segments())
    }

    #[test]
    fn a_star_that_runs_into_a_key_is_found_and_the_pattern_named_instead_does_not() {
        const POINT: &str = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/a";
        const BUCKET: &str = "arn:aws:s3:::other/x:123456789012:accesspoint/photos/object/y";
        const OTHER: &str =
            "arn:aws:s3:eu-west-1:999999999999:accesspoint/b/object/x:accesspoint/photos/object/y";
        for (pattern, of, key, instead, meant, escape) in [
            (
                "arn:aws:s3:*:123456789012:accesspoint/photos/object/*",
                "buckets",
                ":123456789012:accesspoint/photos/object/",
                "arn:aws:s3:*-?:123456789012:accesspoint/photos/object/*",
                POINT,
                BUCKET,
            ),
            (
                "arn:aws:s3:eu-west-1:*:accesspoint/photos/object/*",
                "access points",
                ":accesspoint/photos/object/",
                "arn:aws:s3:eu-west-1:????????????:accesspoint/photos/object/*",
                POINT,
                OTHER,
            ),
            (
                "arn:aws:s3:*:*:accesspoint/photos/object/*",
                "buckets",
                ":",
                "arn:aws:s3:*-?:????????????:accesspoint/photos/object/*",
                POINT,
                BUCKET,
            ),
            (
                "arn:*:s3:::uploads/*",
                "buckets",
                ":s3:::uploads/",
                "arn:aws:s3:::uploads/*",
                "arn:aws:s3:::uploads/a",
                "arn:aws:s3:::other/x:s3:::uploads/a",
            ),
            (
                "arn:*:s3:::*",
                "access points",
                ":s3:::",
                "arn:aws:s3:::*",
                "arn:aws:s3:::uploads/a",
                "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/x:s3:::a",
            ),
            (
                "arn:aws:s3:eu-west-1:1234*:accesspoint/photos/object/*",
                "access points",
                ":accesspoint/photos/object/",
                "arn:aws:s3:eu-west-1:1234????????:accesspoint/photos/object/*",
                POINT,
                "arn:aws:s3:eu-west-1:123499999999:accesspoint/b/object/x:accesspoint/photos/object/y",
            ),
        ] {
            let found = crossing(pattern).unwrap_or_else(|| panic!("{pattern}"));
            let expected = Crossing { of, key: key.to_owned(), instead: Some(instead.to_owned()) };
            assert_eq!(found, expected, "{pattern}");
            assert!(matches(pattern, meant) && matches(pattern, escape), "as IAM has it: {pattern}");
            assert!(matches(instead, meant) && !matches(instead, escape), "{instead}");
            assert_eq!(crossing(instead), None);
        }
    }

    #[test]
    fn nothing_is_said_of_a_star_that_stays_or_of_one_that_stands_for_all_anyway() {
        for pattern in [
            "*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::uploads/*",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/object/*",
            "arn:aws:s3:*-?:123456789012:accesspoint/*",
            "arn:aws:s3:*:*:*",
            "arn:*:s3:*:*:*",
            "arn:aws:sqs:*:*:orders",
            "arn:aws:lambda:*:*:function:resize",
            "arn:aws:s3:eu-west-1:*:accesspoint/*",
        ] {
            ResourcePattern::parse(pattern).unwrap();
            assert_eq!(crossing(pattern), None, "{pattern}");
        }
    }
}
