//! Inputs that are nearly those of a corpus: what libFuzzer's mutators do, without its feedback, and the same ones in every run.

/// Bytes that end, begin or escape something in one of the formats.
const SPECIAL: &[u8] = b"\0\t\n\r\x1b\x7f\xff\xc0\xed \"'`$%&*+,-./09:;<=>?@AZ[\\]^_az{|}~";

/// What means something in one of the formats, and what has been a mistake in parsers before.
const WORDS: &[&str] = &[
    "arn:",
    "aws",
    "aws-cn",
    "s3",
    "sqs",
    "lambda",
    ":::",
    "::",
    "/*",
    "*",
    "?",
    "${",
    "${*}",
    "}",
    "$LATEST",
    "..",
    "/../",
    "//",
    "%2F",
    "%2e%2e",
    "%00",
    "\u{feff}",
    "\u{202e}",
    "e\u{301}",
    "\u{1f512}",
    "\u{ff0f}",
    "https://",
    "http://",
    "sqs.eu-west-1.amazonaws.com",
    "@evil.example",
    ":443",
    "?x",
    "#",
    "000000000000",
    "18446744073709551616",
    "-1",
    "1e999",
    "\"Statement\"",
    "\"Effect\":\"Deny\"",
    "NotAction",
    "NotResource",
    "null",
    "[]",
    "{}",
    "\\u0000",
    "\\ud800",
    "[[guest.a.allow]]",
    "\"\"\"",
    "\n",
    "\r\n",
    "__proto__",
    "\0asm\x0d\0\x01\0",
];

/// The longest input that is made.
const MAX_BYTES: usize = 16 * 1024;

/// Makes inputs of those of a corpus.
pub(crate) struct Mutator {
    corpus: Vec<Vec<u8>>,
    /// The state of an xorshift generator: never 0.
    state: u64,
}

impl Mutator {
    /// For a corpus in an order that does not change.
    pub(crate) fn new(corpus: Vec<Vec<u8>>) -> Self {
        assert!(!corpus.is_empty(), "there is nothing to mutate");
        Self { corpus, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next input: one of the corpus, changed one to eight times.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.any().clone();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let place = self.below(input.len() + 1);
        let end = (place + 1 + self.below(16)).min(input.len());
        match self.below(8) {
            0 if place < input.len() => input[place] ^= 1 << self.below(8),
            1 if place < input.len() => input[place] = SPECIAL[self.below(SPECIAL.len())],
            2 => input.insert(place, SPECIAL[self.below(SPECIAL.len())]),
            3 => drop(input.splice(place..place, WORDS[self.below(WORDS.len())].bytes())),
            4 => drop(input.drain(place.min(end)..end)),
            // The same again, up to a hundred times: nesting and repetition.
            5 if place < end => {
                let again = input[place..end].repeat(1 + self.below(100));
                drop(input.splice(end..end, again));
            }
            6 => input.truncate(place),
            // The beginning of one, the end of another.
            _ => {
                let other = self.any().clone();
                let from = self.below(other.len() + 1);
                input.truncate(place);
                input.extend_from_slice(&other[from..]);
            }
        }
    }

    fn any(&mut self) -> &Vec<u8> {
        let index = self.below(self.corpus.len());
        &self.corpus[index]
    }

    /// A number from 0, below `end`, which is above 0.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % u64::try_from(end).unwrap()).unwrap()
    }
}
