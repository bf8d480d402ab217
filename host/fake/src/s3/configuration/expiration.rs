//! When a rule of the lifecycle is to expire an object (`x-amz-expiration`) or to abort an upload (`x-amz-abort-date`). Nothing
//! does so here.

use std::time::SystemTime;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use s3s::dto::{AbortDate, AbortRuleId, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, Tag};
use time::{Duration, OffsetDateTime, Time};

use super::Configuration;
use crate::layer::http_date;
use crate::s3::Object;

/// What a header, or the quotes around a rule's name, cannot carry. Documented is that the name is percent-encoded; AWS
/// leaves spaces as they are.
const UNQUOTABLE: &AsciiSet = &CONTROLS.add(b'"');

impl Configuration {
    /// The header of an object that is the current version of its key, by its tags of this moment. Of several rules the first
    /// to come is named.
    pub(crate) fn expiration_of(&self, key: &str, object: &Object) -> Option<String> {
        let expirations = self
            .enabled_rules()
            .filter(|rule| applies(rule, key, object))
            .filter_map(|rule| Some((expiry(rule, object.last_modified)?, rule.id.as_deref())));
        let (date, id) = expirations.min_by_key(|(date, _)| *date)?;
        Some(format!(
            "expiry-date=\"{}\", rule-id=\"{}\"",
            http_date(date.into()),
            utf8_percent_encode(id.unwrap_or_default(), UNQUOTABLE)
        ))
    }

    /// When the first rule to come would abort an upload that has begun then, and its name: the headers `x-amz-abort-date` and
    /// `x-amz-abort-rule-id`.
    pub(crate) fn abort_of(
        &self,
        key: &str,
        initiated: SystemTime,
    ) -> (Option<AbortDate>, Option<AbortRuleId>) {
        let aborts = self.enabled_rules().filter_map(|rule| {
            // A rule that aborts uploads can have no filter but a prefix.
            let of_filter = |filter: &LifecycleRuleFilter| {
                filter.prefix.clone().or_else(|| filter.and.as_ref()?.prefix.clone())
            };
            let prefix = rule.prefix.clone().or_else(|| of_filter(rule.filter.as_ref()?));
            let days = rule.abort_incomplete_multipart_upload.as_ref()?.days_after_initiation?;
            let applies = prefix.is_none_or(|prefix| key.starts_with(&prefix));
            Some((midnight_after(initiated, days)?, rule.id.as_deref())).filter(|_| applies)
        });
        let (date, id) = aborts.min_by_key(|(date, _)| *date).unzip();
        (date.map(AbortDate::from), id.flatten().map(str::to_owned))
    }

    fn enabled_rules(&self) -> impl Iterator<Item = &LifecycleRule> {
        let rules = self.lifecycle.iter().flat_map(|lifecycle| &lifecycle.rules);
        rules.filter(|rule| rule.status.as_str() == ExpirationStatus::ENABLED)
    }
}

/// So many days after, and then at the next midnight: never on the very day that the days are over.
fn midnight_after(time: SystemTime, days: i32) -> Option<OffsetDateTime> {
    let days = Duration::days(i64::from(days) + 1);
    Some(OffsetDateTime::from(time).checked_add(days)?.replace_time(Time::MIDNIGHT))
}

/// When a rule expires an object of this age. One that only cleans up delete markers expires none.
fn expiry(rule: &LifecycleRule, last_modified: SystemTime) -> Option<OffsetDateTime> {
    let expiration = rule.expiration.as_ref()?;
    if let Some(date) = &expiration.date {
        return Some(date.clone().into());
    }
    midnight_after(last_modified, expiration.days?)
}

fn applies(rule: &LifecycleRule, key: &str, object: &Object) -> bool {
    let starts = |prefix: &Option<String>| prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix));
    starts(&rule.prefix) && rule.filter.as_ref().is_none_or(|filter| holds(filter, &starts, object))
}

/// Whether an object is what a filter is for. All that it says has to hold; an empty one is for every object.
fn holds(filter: &LifecycleRuleFilter, starts: &dyn Fn(&Option<String>) -> bool, object: &Object) -> bool {
    let sized = |greater: Option<i64>, less: Option<i64>| {
        let size = i64::try_from(object.size()).unwrap_or(i64::MAX);
        greater.is_none_or(|bound| size > bound) && less.is_none_or(|bound| size < bound)
    };
    let tagged = |tag: &Tag| {
        let key = tag.key.as_deref().unwrap_or_default();
        object.tags.get(key).map(String::as_str) == Some(tag.value.as_deref().unwrap_or_default())
    };
    let all = filter.and.as_ref().is_none_or(|and| {
        starts(&and.prefix)
            && and.tags.iter().flatten().all(tagged)
            && sized(and.object_size_greater_than, and.object_size_less_than)
    });
    all && starts(&filter.prefix)
        && filter.tag.iter().all(tagged)
        && sized(filter.object_size_greater_than, filter.object_size_less_than)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::Value;
    use time::macros::datetime;

    use super::*;
    use crate::s3::{Checksum, ChecksumAlgorithm, ObjectHeaders, ObjectOwnership};

    /// The header of an object `logs/a` of five bytes, with a tag `team=a b`, under these rules.
    fn header(written: OffsetDateTime, rules: &str) -> Option<String> {
        let body = Bytes::from_static(b"hello");
        let checksum = Checksum::of(ChecksumAlgorithm::Crc32, &body);
        let mut object = Object::new(body, ObjectHeaders::default(), checksum, written.into());
        object.tags.insert("team".to_owned(), "a b".to_owned());
        let mut configuration = Configuration::new(ObjectOwnership::default());
        let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
        configuration.set_document("lifecycle", &Value::String(document)).unwrap();
        configuration.expiration_of("logs/a", &object)
    }

    fn rule(filter: &str, expiration: &str) -> String {
        format!(
            "<Rule><ID>rule 1</ID><Status>Enabled</Status>{filter}<Expiration>{expiration}</Expiration></Rule>"
        )
    }

    #[test]
    fn days_end_at_the_midnight_after() {
        let rules = rule("<Filter/>", "<Days>3</Days>");
        let expected = Some("expiry-date=\"Sun, 19 Jan 2014 00:00:00 GMT\", rule-id=\"rule 1\"".to_owned());
        assert_eq!(header(datetime!(2014-01-15 10:30 UTC), &rules), expected);
        assert_eq!(header(datetime!(2014-01-15 00:00 UTC), &rules), expected);
        assert_eq!(header(datetime!(2014-01-15 23:59:59 UTC), &rules), expected);
        let endless = rule("<Filter/>", "<Days>2147483647</Days>");
        assert_eq!(header(datetime!(2014-01-15 10:30 UTC), &endless), None);
    }

    #[test]
    fn the_earliest_rule_counts() {
        let date = "<Date>2014-01-17T00:00:00Z</Date>";
        let rules = [
            rule("<Filter/>", "<Days>3</Days>"),
            rule("<Filter/>", date).replace("rule 1", "\"é%"),
            rule("<Filter/>", "<Days>1</Days>").replace("Enabled", "Disabled"),
            rule("<Filter/>", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>"),
        ];
        let expected = "expiry-date=\"Fri, 17 Jan 2014 00:00:00 GMT\", rule-id=\"%22%C3%A9%\"";
        assert_eq!(header(datetime!(2014-01-15 10:30 UTC), &rules.concat()).as_deref(), Some(expected));
    }

    #[test]
    fn every_part_of_a_filter_has_to_hold() {
        let tag = |value: &str| format!("<Tag><Key>team</Key><Value>{value}</Value></Tag>");
        let greater = |size: u8| format!("<ObjectSizeGreaterThan>{size}</ObjectSizeGreaterThan>");
        let less = |size: u8| format!("<ObjectSizeLessThan>{size}</ObjectSizeLessThan>");
        let and = |inner: &str| format!("<And>{inner}</And>");
        let (logs, data) = ("<Prefix>logs/</Prefix>", "<Prefix>data/</Prefix>");
        for (filter, expected) in [
            (String::new(), true),
            (logs.to_owned(), true),
            (data.to_owned(), false),
            (tag("a b"), true),
            (tag("a"), false),
            (greater(4), true),
            (greater(5), false),
            (less(6), true),
            (less(5), false),
            (and(&format!("{logs}{}{}{}", tag("a b"), greater(4), less(6))), true),
            (and(&format!("{data}{}", tag("a b"))), false),
            (and(&format!("{logs}{}<Tag><Key>x</Key><Value>y</Value></Tag>", tag("a b"))), false),
            (and(&format!("{logs}{}", less(5))), false),
        ] {
            let rules = rule(&format!("<Filter>{filter}</Filter>"), "<Days>1</Days>");
            assert_eq!(header(datetime!(2014-01-15 10:30 UTC), &rules).is_some(), expected, "{filter}");
        }
        for (prefix, expected) in [(logs, true), (data, false)] {
            let rules = rule(prefix, "<Days>1</Days>");
            assert_eq!(header(datetime!(2014-01-15 10:30 UTC), &rules).is_some(), expected, "{prefix}");
        }
    }
}
