use std::{collections::BTreeMap, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use toml::{Spanned, value::Datetime};

use super::WrittenCondition;

/// The conditions of a statement: `OPERATOR.KEY = VALUES` in TOML, sorted by operator and key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions(pub(super) Vec<WrittenCondition>);

impl Deref for Conditions {
    type Target = [WrittenCondition];

    fn deref(&self) -> &[WrittenCondition] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Tests = BTreeMap<Spanned<String>, Spanned<Values>>;
        let mut conditions = Vec::new();
        for (operator, tests) in BTreeMap::<Spanned<String>, Tests>::deserialize(deserializer)? {
            for (key, values) in tests {
                let span = values.span();
                let values = match values.into_inner() {
                    Values::One(value) => vec![Spanned::new(span.clone(), value)],
                    Values::Many(values) => values
                        .into_iter()
                        .map(|value| Spanned::new(value.span(), value.into_inner().0))
                        .collect(),
                };
                conditions.push(WrittenCondition {
                    operator: operator.clone(),
                    key,
                    values: Spanned::new(span, values),
                });
            }
        }
        Ok(Self(conditions))
    }
}

/// A string, number, boolean or date, or a list of them. Not an untagged enum, which would lose the places.
enum Values {
    One(String),
    Many(Vec<Spanned<Scalar>>),
}

/// A string, number, boolean or date, as IAM writes it in a string.
struct Scalar(String);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, number, boolean or date, or a list of them")
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Values, E> {
                Ok(Values::One(value.to_owned()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Values, E> {
                Ok(Values::One(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Values, E> {
                Ok(Values::One(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Values, E> {
                Ok(Values::One(value.to_string()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Values, E> {
                Ok(Values::One(value.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Values, A::Error> {
                // The only map that can be meant is the one as which `toml` hands on a date.
                let date = Datetime::deserialize(MapAccessDeserializer::new(map)).map_err(|_| {
                    A::Error::custom("invalid type: map, expected a value or a list of values")
                })?;
                Ok(Values::One(date.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Values::Many(values))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Values::deserialize(deserializer)? {
            Values::One(value) => Ok(Self(value)),
            Values::Many(_) => Err(D::Error::custom("invalid type: list in a list, expected a value")),
        }
    }
}
