//! The suites, and how each is run.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use innkeeper_conformance::python::{PythonEnvironment, target};

use crate::known::Known;
use crate::server::Server;

/// The release of moto whose tests are run.
const MOTO: &str = "moto==5.2.5";
/// What moto's tests need beside moto.
const MOTO_PACKAGES: &[&str] =
    &["moto[all,server]==5.2.5", "pytest==9.2.0", "pytest-timeout==2.4.0", "freezegun==1.5.5"];
/// What Ceph's tests need.
const S3_TESTS_PACKAGES: &[&str] =
    &["boto3", "pytest==9.2.0", "pytest-timeout==2.4.0", "PyYAML", "munch", "requests", "pytz"];
/// The account of moto's tests.
const MOTO_ACCOUNT: &str = "123456789012";

/// The users of Ceph's tests, the one with a tenant last, and their canonical user ids: the SHA-256 of the account ids that identities
/// have in their order.
const S3_TESTS_USERS: [(&str, &str); 3] = [
    ("main", "f7b11509f4d675c3c44f0dd37ca830bb02e8cfa58f04c46283c4bfcbdce1ff45"),
    ("alt", "27d6fbbe5c7d230a83b72e525751d4e0a33477eeb7817a4af485825a133e1b1e"),
    ("tenant", "2a749ecbe7c135a7e8ad68945bd410ae249a9e1d9b05ccc7aa19ea936b417961"),
];

/// How the keys of KMS that Ceph's tests encrypt with begin. AWS answers with the ARN of a key, whatever it was called by.
const S3_TESTS_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/testkey";

/// A suite of somebody else's.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    tests: Tests,
}

enum Tests {
    /// A folder of moto's tests.
    Moto(&'static str),
    /// Ceph's, without those of what is not plain S3.
    S3Tests,
}

pub(crate) const SUITES: &[Suite] = &[
    Suite { name: "moto-sqs", tests: Tests::Moto("tests/test_sqs") },
    Suite { name: "moto-s3", tests: Tests::Moto("tests/test_s3") },
    Suite { name: "moto-lambda", tests: Tests::Moto("tests/test_awslambda") },
    Suite { name: "s3-tests", tests: Tests::S3Tests },
];

/// What came of a suite.
pub(crate) enum Verdict {
    Ran {
        passed: usize,
        failed: usize,
        skipped: usize,
        unexpected: Vec<String>,
        fixed: Vec<String>,
    },
    /// The suite is not on this machine, for this reason.
    NotThere(&'static str),
}

impl Suite {
    pub(crate) fn run(&self, binary: &Path, more: &[String]) -> Result<Verdict, String> {
        let known = Known::read(self.name)?;
        let results = target().join("conformance").join(format!("{}.tsv", self.name));
        fs::create_dir_all(target().join("conformance")).map_err(|error| error.to_string())?;
        let _ = fs::remove_file(&results);
        let Some((mut pytest, _server)) = self.pytest(binary)? else {
            println!("\n== {}: not run", self.name);
            return Ok(Verdict::NotThere(
                "INNKEEPER_S3_TESTS names no checkout of https://github.com/ceph/s3-tests",
            ));
        };
        println!("\n== {}", self.name);
        pytest
            .args([
                "-q",
                "--no-header",
                "--tb=no",
                "--timeout=60",
                "-p",
                "no:cacheprovider",
                "-p",
                "innkeeper_results",
            ])
            .args(more)
            .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
            .env("INNKEEPER_RESULTS", &results)
            // The credentials of whoever runs this are nobody's business.
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        // Its exit code says whether a test failed; the results say which.
        pytest.status().map_err(|error| format!("{pytest:?}: {error}"))?;
        let text = fs::read_to_string(&results).map_err(|error| format!("{}: {error}", results.display()))?;
        let outcomes: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(outcome, test)| (test.to_owned(), outcome.to_owned()))
            .collect();
        let verdict = Verdict::of(&outcomes, &known, more.is_empty());
        verdict.tell(self.name);
        Ok(verdict)
    }

    /// The command that runs the suite, and the fake that it needs. None if the suite is not there.
    fn pytest(&self, binary: &Path) -> Result<Option<(Command, Server)>, String> {
        let no_python = || "INNKEEPER_SKIP_PYTHON is set, and the suites are Python".to_owned();
        match self.tests {
            Tests::Moto(folder) => {
                let environment =
                    PythonEnvironment::install("moto-tests-5.2.5", MOTO_PACKAGES).ok_or_else(no_python)?;
                let server = Server::start(binary, &["--account-id", MOTO_ACCOUNT])?;
                let mut command = Command::new(environment.program("python"));
                command
                    .args(["-m", "pytest", folder])
                    .current_dir(environment.sources(MOTO))
                    .env("TEST_SERVER_MODE", "true")
                    .env("TEST_SERVER_MODE_ENDPOINT", format!("http://localhost:{}", server.port()));
                Ok(Some((command, server)))
            }
            Tests::S3Tests => {
                let Some(checkout) = std::env::var_os("INNKEEPER_S3_TESTS").map(PathBuf::from) else {
                    return Ok(None);
                };
                let environment =
                    PythonEnvironment::install("s3-tests", S3_TESTS_PACKAGES).ok_or_else(no_python)?;
                let identities = S3_TESTS_USERS.map(|(name, _)| format!("{name}:{name}-secret"));
                let arguments: Vec<_> = identities.iter().flat_map(|user| ["--identity", user]).collect();
                let server = Server::start(binary, &arguments)?;
                let configuration = target().join("conformance/s3-tests.conf");
                fs::write(&configuration, s3_tests_configuration(server.port()))
                    .map_err(|error| error.to_string())?;
                let mut command = Command::new(environment.program("python"));
                command
                    .args([
                        "-m",
                        "pytest",
                        "s3tests/functional/test_s3.py",
                        "s3tests/functional/test_headers.py",
                    ])
                    .current_dir(checkout)
                    .env("S3TEST_CONF", configuration);
                Ok(Some((command, server)))
            }
        }
    }
}

/// What Ceph's tests want to know of the server: users, each of whom the fake takes.
fn s3_tests_configuration(port: u16) -> String {
    let users = S3_TESTS_USERS.map(|(name, id)| {
        format!(
            "[s3 {name}]\ndisplay_name = {name}\nuser_id = {id}\nemail = {name}@example.com\n\
             access_key = {name}\nsecret_key = {name}-secret\n\
             kms_keyid = {S3_TESTS_KEY}-1\nkms_keyid2 = {S3_TESTS_KEY}-2\n\n"
        )
    });
    // Users of IAM, which the fake has not: no test that is run asks as one, and yet the tests read them before they begin.
    let of_iam = ["iam", "iam root", "iam alt root"].map(|section| {
        let id = section.replace(' ', "-");
        format!(
            "[{section}]\ndisplay_name = {id}\nuser_id = {id}\nemail = {id}@example.com\n\
             access_key = {id}\nsecret_key = {id}-secret\n\n"
        )
    });
    format!(
        "[DEFAULT]\nhost = localhost\nport = {port}\nis_secure = False\nssl_verify = False\n\n\
         [fixtures]\nbucket prefix = ceph-{{random}}-\niam name prefix = s3-tests-\niam path prefix = /s3-tests/\n\n\
         {}{}tenant = testx\n",
        of_iam.concat(),
        users.concat().trim_end().to_owned() + "\n",
    )
}

impl Verdict {
    /// `whole`: the suite has run without a selection, so that what is listed has to have failed.
    fn of(outcomes: &BTreeMap<String, String>, known: &Known, whole: bool) -> Self {
        let count = |wanted: &str| outcomes.values().filter(|outcome| *outcome == wanted).count();
        let failed = outcomes.iter().filter(|(_, outcome)| *outcome == "failed").map(|(test, _)| test);
        Self::Ran {
            passed: count("passed"),
            failed: count("failed"),
            skipped: count("skipped"),
            unexpected: failed.filter(|test| !known.has(test)).cloned().collect(),
            fixed: if whole { known.without_a_failure(outcomes) } else { Vec::new() },
        }
    }

    fn tell(&self, suite: &str) {
        let Self::Ran { unexpected, fixed, .. } = self else { return };
        for test in unexpected {
            println!("failed, and not listed in known/{suite}.toml: {test}");
        }
        for test in fixed {
            println!("listed in known/{suite}.toml, and does not fail: {test}");
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ran { passed, failed, skipped, unexpected, .. } => {
                let known = failed - unexpected.len();
                write!(
                    f,
                    "{passed:>6}  {failed:>6} {known:>7}  {skipped:>7}  {:>5}",
                    passed + failed + skipped
                )
            }
            Self::NotThere(why) => write!(f, "not run: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_that_cephs_tests_read_is_there() {
        let configuration = s3_tests_configuration(4566);
        for section in
            ["DEFAULT", "fixtures", "s3 main", "s3 alt", "s3 tenant", "iam", "iam root", "iam alt root"]
        {
            assert_eq!(configuration.matches(&format!("[{section}]\n")).count(), 1, "{configuration}");
        }
        // It belongs to the last of the users.
        let (_, tenant) = configuration.split_once("[s3 tenant]").unwrap();
        assert!(tenant.ends_with("-2\ntenant = testx\n"), "{configuration}");
    }
}
