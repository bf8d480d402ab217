use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

/// The longest name of a file or folder that is written. File systems take 255 bytes; the marks come on top.
const MAX_NAME: usize = 200;
const EMPTY: &str = "%empty";
const FILE: &str = "%file";
const CONTINUED: &str = "%+";

/// Why a path is not that of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A `%` that begins no escape.
    #[error("a `%` in a name is written `%25`")]
    Escape,
    /// Escapes that decode to something else than UTF-8.
    #[error("the escapes in the name are not UTF-8")]
    NotUtf8,
    /// The key would be longer than S3 allows.
    #[error("the key would be longer than 1024 bytes")]
    TooLong,
}

/// The names of folders, and of a file as the last, for each of `keys` in turn. All different.
pub(crate) fn encode_all<'a>(keys: impl IntoIterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut paths: Vec<Vec<String>> = keys.into_iter().map(encode).collect();
    let folders: BTreeSet<Vec<String>> = paths
        .iter()
        .flat_map(|path| (1..path.len()).filter_map(|end| path.get(..end).map(<[_]>::to_vec)))
        .collect();
    for path in &mut paths {
        if folders.contains(path)
            && let Some(name) = path.last_mut()
        {
            name.push_str(FILE);
        }
    }
    paths
}

fn encode(key: &str) -> Vec<String> {
    let mut names = Vec::new();
    for segment in key.split('/') {
        if segment.is_empty() {
            names.push(EMPTY.to_owned());
            continue;
        }
        let mut name = String::new();
        for character in segment.chars() {
            let mut next = encode_char(character, name.is_empty());
            if name.len() + next.len() > MAX_NAME {
                name.push_str(CONTINUED);
                names.push(std::mem::take(&mut name));
                next = encode_char(character, true);
            }
            name.push_str(&next);
        }
        names.push(name);
    }
    names
}

fn encode_char(character: char, first: bool) -> String {
    let escaped = character.is_ascii_control()
        || matches!(character, '%' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        // A leading dot would be `.`, `..`, or a hidden file, which seeding skips.
        || (first && character == '.');
    if escaped { format!("%{:02X}", u32::from(character)) } else { character.to_string() }
}

/// The key of a path below a bucket's folder.
pub(crate) fn decode(names: &[String]) -> Result<String, PathError> {
    let mut key = String::new();
    let mut continued = true;
    for (index, name) in names.iter().enumerate() {
        if !continued {
            key.push('/');
        }
        let last = index + 1 == names.len();
        let name = if last { name.strip_suffix(FILE).unwrap_or(name) } else { name };
        let rest = if last { None } else { name.strip_suffix(CONTINUED) };
        continued = rest.is_some();
        let name = rest.unwrap_or(name);
        if name != EMPTY {
            key.push_str(&decode_name(name)?);
        }
    }
    if s3s::path::check_key(&key) { Ok(key) } else { Err(PathError::TooLong) }
}

fn decode_name(name: &str) -> Result<String, PathError> {
    let escapes = name.split('%').skip(1);
    for escape in escapes {
        let digits = escape.as_bytes().get(..2).ok_or(PathError::Escape)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(PathError::Escape);
        }
    }
    let decoded = percent_decode_str(name).decode_utf8().map_err(|_| PathError::NotUtf8)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(keys: &[&str]) -> Vec<String> {
        encode_all(keys.iter().copied()).into_iter().map(|names| names.join("/")).collect()
    }

    #[test]
    fn leaves_plain_keys_as_they_are() {
        assert_eq!(path(&["incoming/photo 1.jpg", "thumbs/é.png"]), ["incoming/photo 1.jpg", "thumbs/é.png"]);
    }

    #[test]
    fn writes_hostile_keys_so_that_none_is_a_path() {
        assert_eq!(path(&["../x"]), ["%2E./x"]);
        assert_eq!(path(&["/etc/passwd"]), ["%empty/etc/passwd"]);
        assert_eq!(path(&["a//b/"]), ["a/%empty/b/%empty"]);
        assert_eq!(path(&["a\0b\\c"]), ["a%00b%5Cc"]);
        assert_eq!(path(&["%empty", ".gitkeep"]), ["%25empty", "%2Egitkeep"]);
        assert_eq!(path(&["a", "a/b"]), ["a%file", "a/b"]);
    }

    #[test]
    fn refuses_what_no_key_is_written_as() {
        let decode = |name: &str| decode(&[name.to_owned()]);
        assert_eq!(decode("100%"), Err(PathError::Escape));
        assert_eq!(decode("100%zz"), Err(PathError::Escape));
        assert_eq!(decode("%+1"), Err(PathError::Escape));
        assert_eq!(decode("%FF"), Err(PathError::NotUtf8));
        assert_eq!(decode(&"a".repeat(1025)), Err(PathError::TooLong));
    }

    fn keys() -> impl Strategy<Value = BTreeSet<String>> {
        let piece = prop_oneof![
            8 => "[a-c]{1,2}",
            3 => Just("/".to_owned()),
            1 => prop_oneof![Just("."), Just(".."), Just("%"), Just("%file"), Just("%empty"), Just("%+"), Just("\0"), Just("\\"), Just("é😀")].prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
            1 => (1usize..300).prop_map(|length| ".é%".repeat(length / 3)),
        ];
        let key = prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat());
        prop::collection::btree_set(
            key.prop_filter("a key", |key| !key.is_empty() && key.len() <= 1024),
            1..12,
        )
    }

    proptest! {
        #[test]
        fn every_set_of_keys_reads_back(keys in keys()) {
            let paths = encode_all(keys.iter().map(String::as_str));
            let files: BTreeSet<_> = paths.iter().collect();
            prop_assert_eq!(files.len(), keys.len());
            for path in &paths {
                for end in 1..path.len() {
                    prop_assert!(!files.contains(&path[..end].to_vec()), "{path:?} lies below a file");
                }
                for name in path {
                    prop_assert!(!name.is_empty() && !name.starts_with('.') && name.len() <= 255);
                    prop_assert!(!name.contains(['/', '\0', '\\']));
                }
            }
            let read: Vec<_> = paths.iter().map(|path| decode(path).unwrap()).collect();
            prop_assert_eq!(read, keys.into_iter().collect::<Vec<_>>());
        }
    }
}
