//! When a request says that it was signed.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The date of a request as it was sent: `x-amz-date` if there is one, whatever it is, and otherwise `Date`.
pub(super) fn sent(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-date").or_else(|| headers.get("date"))?.to_str().ok()
}

/// `20260101T000000Z`, as Signature Version 4 has it.
pub(super) fn amz_date(text: &str) -> Option<SystemTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format).ok().map(|date| date.assume_utc().into())
}

/// A date as Signature Version 4 has it, or as HTTP does in any of its three forms. Nothing is older than the epoch.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let time = amz_date(text).or_else(|| http_date(text))?;
    (time >= SystemTime::UNIX_EPOCH + Duration::from_secs(1)).then_some(time)
}

/// RFC 9110, section 5.6.7, or as a mail has it, which is how botocore writes it. The weekday is nobody's business.
fn http_date(text: &str) -> Option<SystemTime> {
    let date = if let Some((_, text)) = text.split_once(", ") {
        let text = [" GMT", " +0000", " -0000"].iter().find_map(|zone| text.strip_suffix(zone))?;
        let format = format_description!("[day] [month repr:short] [year] [hour]:[minute]:[second]");
        PrimitiveDateTime::parse(text, format).ok().or_else(|| rfc_850(text))?
    } else {
        let (_, text) = text.split_once(' ')?;
        let format =
            format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year]");
        PrimitiveDateTime::parse(text, format).ok()?
    };
    Some(date.assume_utc().into())
}

/// `06-Nov-94 08:49:37`, of a year between 1970 and 2069.
fn rfc_850(text: &str) -> Option<PrimitiveDateTime> {
    let (date, time) = text.split_once(' ')?;
    let (day, year) = date.rsplit_once('-')?;
    let short: u16 = year.parse().ok().filter(|_| year.len() == 2)?;
    let year = if short < 70 { 2000 + short } else { 1900 + short };
    let format = format_description!("[day]-[month repr:short]-[year] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(&format!("{day}-{year} {time}"), format).ok()
}

/// A moment as S3 writes it in an error: `2026-01-01T00:00:00Z`.
pub(super) fn timestamp(time: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from(time).format(format).unwrap_or_default()
}

/// [`amz_date`] the other way round.
pub(super) fn to_amz_date(time: SystemTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    OffsetDateTime::from(time).format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_four_forms_of_a_date() {
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for text in [
            "19941106T084937Z",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        // The weekday is another one's.
        assert!(parse("Tue, 07 Jul 2010 21:53:04 GMT").is_some());
    }

    #[test]
    fn reads_nothing_else() {
        for text in [
            "",
            " ",
            "Bad Date",
            "Tue, 07 Jul 1950 21:53:04 GMT",
            "07 Jul 2010 21:53:04 GMT",
            "2026-01-01T00:00:00Z",
            "20260101T000000",
            "Sunday, 06-Nov-994 08:49:37 GMT",
            "Sunday, 06-Nov--4 08:49:37 GMT",
            "Sun Nov 31 08:49:37 1994",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_of_ours_is_the_one_that_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(sent(&headers), None);
        headers.insert("date", "today".parse().unwrap());
        assert_eq!(sent(&headers), Some("today"));
        headers.insert("x-amz-date", "".parse().unwrap());
        assert_eq!(sent(&headers), Some(""));
    }
}
