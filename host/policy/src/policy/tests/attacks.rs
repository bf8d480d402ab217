//! What a hostile key does not get.

use pretty_assertions::assert_eq;

use super::*;

#[test]
fn a_prefix_is_not_a_folder_unless_it_ends_with_a_slash() {
    assert!(reads("a/*", "a/b"));
    assert!(!reads("a/*", "ab"));
    assert!(!reads("a/*", "a"));
    assert!(!reads("a", "ab"));
    assert!(reads("a*", "ab"), "as IAM has it");
}

#[test]
fn dots_and_slashes_are_not_resolved() {
    // The key is sent byte for byte, so what looks like a way out of `a/` is a key below it.
    assert!(reads("a/*", "a/../b"));
    assert!(!reads("b", "a/../b"));
    assert!(!reads("b/*", "a/../b/c"));
    assert!(!reads("a/b", "a/./b"));
    assert!(!reads("a/b", "a//b"));
    assert!(!reads("a/*", "/a/b"));
    assert!(!reads("a/*", "./a/b"));
}

#[test]
fn nothing_is_percent_decoded() {
    for key in ["a%2fb", "a%2Fb", "%61/b", "%2e%2e%2fa/b", "a%252fb", "a+b"] {
        assert!(!reads("a/*", key), "{key}");
        assert!(!reads("a/b", key), "{key}");
        assert!(reads(key, key), "{key}");
    }
    assert!(!reads("private%2fb", "private/b"));
    assert!(!reads("a b", "a+b"));
}

#[test]
fn unicode_is_not_normalised() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    assert!(reads(composed, composed) && reads(decomposed, decomposed));
    assert!(!reads(composed, decomposed) && !reads(decomposed, composed));
    assert!(!reads("admin", "\u{430}dmin"), "a Cyrillic letter");
    assert!(!reads("a/*", "a\u{2215}b"), "a division slash");
    assert!(!reads("a/*", "\u{ff41}/b"), "a full-width letter");
    assert!(!reads("ss", "ß") && !reads("K", "\u{212a}"), "case folding");
}

#[test]
fn case_and_spaces_count() {
    assert!(!reads("incoming/*", "Incoming/a"));
    assert!(!reads("a", "a "));
    assert!(!reads("a", " a"));
    assert!(!reads("a", "a\0"));
    assert!(!reads("a", "a\n"));
}

#[test]
fn wildcards_in_a_key_are_only_characters() {
    assert!(!reads("a", "*"));
    assert!(!reads("a/b", "a/*"));
    assert!(!reads("a/b", "a/?"));
    assert!(reads("${*}", "*") && !reads("${*}", "a"));
    // What is suggested for such a key grants that key, and no other.
    let denied = suggestion(&policy(""), Action::S3GetObject, "arn:aws:s3:::uploads/*");
    assert!(denied.text().unwrap().contains("arn:aws:s3:::uploads/${*}"));
}

#[test]
fn the_longest_key_can_be_granted() {
    let key = "a".repeat(ObjectKey::MAX_BYTES);
    assert!(reads("a*", &key) && reads(&key, &key));
    assert!(!reads("b*", &key));
}

#[test]
fn a_key_cannot_forge_lines_of_the_manifest() {
    let key = "a\"]\n[[guest.thumbnailer.allow]]\nactions = [\"*\"]\u{1b}[2J";
    let arn = format!("arn:aws:s3:::uploads/{key}");
    let text = suggestion(&policy(""), Action::S3GetObject, &arn).to_string();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(!text.contains('\u{1b}'));
}
